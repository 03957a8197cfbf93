// The drawer, the question before an act, toasts. <dialog> holds the focus and gives it back.
(() => {
  const { say, when, toast } = window.Fengkong;
  const PARAMETER = 'drawer';

  // -- the drawer: a link marked data-drawer shows its page here, and the address says so
  const drawer = () => document.getElementById('drawer');

  function localPath(text) {
    const address = new URL(text, location.href);
    return address.origin === location.origin ? address.pathname + address.search : null;
  }

  function show(path) {
    const box = drawer();
    document.getElementById('drawer-title').textContent = say('loading');
    document.querySelector('[data-drawer-page]').href = path;
    document.getElementById('drawer-content').replaceChildren();
    if (!box.open) box.showModal();
    window.htmx.ajax('GET', path, { target: '#drawer-content', swap: 'innerHTML' });
  }

  function open(path) {
    const address = new URL(location.href);
    address.searchParams.set(PARAMETER, path);
    history.pushState({ drawer: path }, '', address);
    show(path);
  }

  function forget() {
    const address = new URL(location.href);
    if (!address.searchParams.has(PARAMETER)) return;
    address.searchParams.delete(PARAMETER);
    history.pushState({}, '', address);
  }

  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-drawer]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const path = localPath(link.href);
    if (!path || !drawer()) return;
    event.preventDefault();
    open(path);
  });
  when('#drawer', (box) => {
    box.addEventListener('close', () => {
      document.getElementById('drawer-content').replaceChildren();
      forget();
    });
    box.addEventListener('click', (event) => {
      if (event.target === box || event.target.closest('[data-drawer-close]')) box.close();
    });
    const asked = new URL(location.href).searchParams.get(PARAMETER);
    const path = asked && asked.startsWith('/') && !asked.startsWith('//') ? localPath(asked) : null;
    if (path) show(path);
  });
  window.addEventListener('popstate', () => {
    const asked = new URL(location.href).searchParams.get(PARAMETER);
    const path = asked && asked.startsWith('/') && !asked.startsWith('//') ? localPath(asked) : null;
    if (path) show(path);
    else if (drawer()?.open) drawer().close();
  });
  document.addEventListener('htmx:afterSwap', (event) => {
    if (event.target.id !== 'drawer-content') return;
    const title = event.target.querySelector('[data-title]')?.dataset.title?.trim();
    const heading = event.target.querySelector('h1')?.textContent.trim();
    document.getElementById('drawer-title').textContent = title || heading || '';
    event.target.focus();
  });

  // -- the question before an act: data-confirm on a form or a button, hx-confirm of htmx
  function ask(text) {
    const box = document.getElementById('confirm');
    document.getElementById('confirm-text').textContent = text;
    box.returnValue = '';
    box.showModal();
    return new Promise((answered) => {
      box.addEventListener('close', () => answered(box.returnValue === 'confirm'), { once: true });
    });
  }
  window.Fengkong.ask = ask;

  document.addEventListener('submit', async (event) => {
    const form = event.target;
    const text = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (!text || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!await ask(text)) return;
    form.dataset.confirmed = 'yes';
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  }, true);
  document.addEventListener('htmx:confirm', async (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    if (await ask(event.detail.question)) event.detail.issueRequest(true);
  });

  // -- toasts: they stay until closed, or go after a while when nobody looks at them
  when('[data-toast]', (box) => {
    box.querySelector('[data-toast-close]')?.addEventListener('click', () => box.remove());
    const leave = () => { if (!box.matches(':hover, :focus-within')) box.remove(); else setTimeout(leave, 2000); };
    if (!box.classList.contains('fk-red')) setTimeout(leave, 9000);
  });
  document.addEventListener('htmx:responseError', (event) => {
    const page = new DOMParser().parseFromString(event.detail.xhr.responseText, 'text/html');
    const title = page.querySelector('h1')?.textContent.trim();
    toast(title || say('failed'), 'red');
  });
  document.addEventListener('htmx:sendError', () => toast(say('offline'), 'red'));
  document.addEventListener('toast', (event) => toast(event.detail.text ?? event.detail.value, event.detail.tone));
})();
