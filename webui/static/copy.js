// Copy and print buttons: hidden in the page, and shown here, where they work. Pasting a list.
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

// A search box has one line: several pasted addresses or ids become "one OR other".
const box = document.getElementById('q');
box?.addEventListener('paste', (event) => {
  const lines = event.clipboardData.getData('text').split(/[\r\n]+/);
  const items = lines.map((line) => line.trim()).filter(Boolean);
  if (items.length < 2 || items.some((item) => /\s/.test(item))) return;
  event.preventDefault();
  box.setRangeText(items.join(' OR '), box.selectionStart, box.selectionEnd, 'end');
});
