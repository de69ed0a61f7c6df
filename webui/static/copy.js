// Copy and print buttons. They are hidden in the page, and shown here, where they work.
const status = document.createElement('p');
status.className = 'vh';
status.setAttribute('role', 'status');
document.body.append(status);

async function put(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea'); // plain HTTP has no clipboard
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

for (const button of document.querySelectorAll('[data-copy], [data-from]')) {
  const words = button.textContent;
  button.hidden = false;
  button.onclick = async () => {
    const { copy, from, done } = button.dataset;
    await put(copy || document.getElementById(from).textContent);
    button.textContent = status.textContent = done;
    setTimeout(() => { button.textContent = words; status.textContent = ''; }, 2000);
  };
}
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.onclick = () => print();
}
