// A diagnosis that is running: its findings are put into the page as they come.
const report = document.getElementById('report');
const source = report?.dataset.events;

function opened() {
  return new Set([...report.querySelectorAll('details')].filter((one) => one.dataset.by).map((one) => one.id));
}

if (source) {
  const stream = new EventSource(source);
  stream.addEventListener('report', (event) => {
    const kept = opened();
    report.innerHTML = event.data;
    for (const id of kept) document.getElementById(id)?.setAttribute('open', '');
  });
  stream.addEventListener('done', () => {
    stream.close();
    location.reload();
  });
  stream.onerror = () => {
    stream.close();
    setTimeout(() => location.reload(), 3000);
  };
  report.addEventListener('toggle', (event) => { event.target.dataset.by = 'reader'; }, true);
}
