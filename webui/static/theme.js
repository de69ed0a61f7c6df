// Theme: system, light, dark. Runs before the page is drawn; without it pages follow the system.
const root = document.documentElement;
const themes = ['system', 'light', 'dark'];
let theme = 'system';
try { theme = localStorage.getItem('theme') || theme; } catch { /* storage is forbidden */ }
function show(name) {
  theme = name;
  root.toggleAttribute('data-theme', name !== 'system');
  if (name !== 'system') root.dataset.theme = name;
}
show(theme);
addEventListener('DOMContentLoaded', () => {
  const button = document.getElementById('theme');
  const tell = () => { button.title = button.dataset[theme]; };
  button.hidden = false;
  button.onclick = () => {
    show(themes[(themes.indexOf(theme) + 1) % 3]);
    tell();
    try { localStorage.setItem('theme', theme); } catch { /* lasts for this page only */ }
  };
  tell();
});
