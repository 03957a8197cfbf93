// What every script of the console begins with: window.Fengkong.
//
//   Fengkong.when('[data-thing]', (element) => { ... });   now and whenever htmx brings one
//   Fengkong.say('app.text', {count: 3});                  a text of the page's JSON catalogue
//   Fengkong.toast('Saved', 'green');
window.Fengkong = (() => {
  const catalogue = document.getElementById('fk-words');
  const words = catalogue ? JSON.parse(catalogue.textContent) : {};
  const starters = [];
  const started = new WeakMap();

  function say(name, values = {}) {
    const text = words[name] ?? name;
    return text.replace(/\{(\w+)\}/g, (all, key) => (key in values ? String(values[key]) : all));
  }

  function start(root) {
    for (const [selector, starter] of starters) {
      const found = [...root.querySelectorAll(selector)];
      if (root.matches?.(selector)) found.unshift(root);
      for (const element of found) {
        const done = started.get(element) ?? new Set();
        if (done.has(starter)) continue;
        started.set(element, done.add(starter));
        starter(element);
      }
    }
  }

  function when(selector, starter) {
    starters.push([selector, starter]);
    if (document.readyState !== 'loading') start(document);
  }

  document.addEventListener('DOMContentLoaded', () => start(document));
  document.addEventListener('htmx:load', (event) => start(event.target));

  function toast(text, tone = 'blue') {
    const place = document.getElementById('toasts');
    if (!place) return;
    const box = document.createElement('div');
    box.className = `fk-toast fk-${tone}`;
    box.dataset.toast = '';
    const line = document.createElement('p');
    line.textContent = text;
    const close = document.createElement('button');
    close.type = 'button';
    close.className = 'btn-close';
    close.dataset.toastClose = '';
    close.setAttribute('aria-label', say('close'));
    box.append(line, close);
    // An open dialog lies over everything: what it should show must be inside of it.
    (document.querySelector('dialog[open] .fk-drawer-head') ?? place).after(box);
    if (!box.closest('dialog')) place.append(box);
    start(box);
  }

  const nonce = () => document.querySelector('meta[name="csp-nonce"]')?.content ?? '';
  const language = () => document.documentElement.lang;
  return { say, when, start, toast, nonce, language };
})();
