// The net of linked entities: pick, walk by arrow keys, look back in time, zoom. The table below
// the net says the same without any of it.
(() => {
  const { when } = window.Fengkong;
  const HOUR = 3600000;
  const WIDTH = 1000;
  const HEIGHT = 640;

  function nearest(nodes, from, way) {
    const { x, y } = from.at;
    let best = null;
    let least = Infinity;
    for (const node of nodes) {
      if (node === from || node.classList.contains('en-gone')) continue;
      const dx = node.at.x - x;
      const dy = node.at.y - y;
      const along = way[0] * dx + way[1] * dy;
      const across = Math.abs(way[1] * dx) + Math.abs(way[0] * dy);
      if (along <= 0) continue;
      const cost = along + 2 * across;
      if (cost < least) [best, least] = [node, cost];
    }
    return best;
  }

  // A page of the table that was turned to takes the focus, and so says which rows it has.
  when('.en-rows[data-turned]', (rows) => rows.focus());

  const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

  when('[data-graph]', (graph) => {
    const net = graph.querySelector('.en-net');
    const nodes = [...graph.querySelectorAll('.en-node')];
    const lines = [...graph.querySelectorAll('.en-links line')];
    const chosen = graph.querySelector('[data-chosen]');
    if (!nodes.length) return;
    for (const node of nodes) {
      const { e, f } = node.transform.baseVal.getItem(0).matrix;
      node.at = { x: e, y: f };
    }

    // One stop for the Tab key; arrows go on from there.
    const stop = (node) => nodes.forEach((one) => one.setAttribute('tabindex', one === node ? '0' : '-1'));
    stop(graph.querySelector('.en-focus') ?? nodes[0]);

    const touches = (line, node) => {
      const at = (x, y) => Math.abs(line.getAttribute(x) - node.at.x) < 0.06
        && Math.abs(line.getAttribute(y) - node.at.y) < 0.06;
      return at('x1', 'y1') || at('x2', 'y2');
    };

    // The address in which a node is opened too, or closed again: Twin.rows says it of the table.
    function turned(node) {
      const entity = node.getAttribute('href').split('/').at(-2);
      const before = graph.dataset.openedOnes.split(',').filter(Boolean);
      const opened = before.filter((one) => one !== entity);
      if (opened.length === before.length) opened.push(entity);
      const bare = graph.dataset.bare + (opened.length ? `&open=${opened.join(',')}` : '');
      return 'part' in graph.dataset ? `${bare}&part=1` : bare;
    }

    function pick(node) {
      nodes.forEach((one) => one.classList.toggle('en-picked', one === node));
      lines.forEach((line) => line.classList.toggle('en-near', touches(line, node)));
      stop(node);
      chosen.hidden = false;
      const said = node.querySelector('title').textContent;
      const cut = said.lastIndexOf('\n');
      chosen.querySelector('[data-name]').textContent = said.slice(0, cut);
      chosen.querySelector('[data-about]').textContent = said.slice(cut + 1);
      chosen.querySelector('[data-open]').href = node.getAttribute('href');
      chosen.querySelector('[data-expand]').href = turned(node);
      const text = chosen.querySelector('[data-expand-text]');
      text.textContent = 'opened' in node.dataset ? text.dataset.less : text.dataset.more;
    }

    function expand(address) {
      if (!address.includes('part=1')) window.location.assign(address);
      else window.htmx.ajax('GET', address, { target: graph, swap: 'outerHTML' });
    }

    net.addEventListener('click', (event) => {
      const node = event.target.closest('.en-node');
      if (!node || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      pick(node);
      node.focus();
    });
    net.addEventListener('dblclick', (event) => {
      const node = event.target.closest('.en-node');
      if (node) expand(turned(node));
    });
    chosen.querySelector('[data-expand]').addEventListener('click', (event) => {
      event.preventDefault();
      expand(event.currentTarget.getAttribute('href'));
    });
    net.addEventListener('keydown', (event) => {
      const node = event.target.closest?.('.en-node');
      if (!node || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (WAYS[event.key]) {
        event.preventDefault();
        const next = nearest(nodes, node, WAYS[event.key]);
        if (next) { pick(next); next.focus(); }
      } else if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        pick(node);
        chosen.querySelector('[data-open]').click();
      } else if (event.key === 'e' || event.key === 'E') {
        event.preventDefault();
        event.stopPropagation();
        expand(turned(node));
      }
    });

    const slider = graph.querySelector('[data-until]');
    const output = slider.parentElement.querySelector('output');
    function lookBack() {
      const newest = Number(slider.max);
      const until = Number(slider.value) >= newest - 24 ? newest : Number(slider.value);
      output.textContent = new Date(until * HOUR).toLocaleDateString('sv-SE');
      const later = (element) => element.dataset.first !== '' && Number(element.dataset.first) > until;
      for (const element of [...lines, ...nodes]) element.classList.toggle('en-gone', later(element));
    }
    if (Number(slider.max) > Number(slider.min)) {
      slider.parentElement.hidden = false;
      slider.addEventListener('input', lookBack);
      slider.addEventListener('change', () => {
        const here = new URL(window.location.href);
        if (!here.searchParams.has('subject')) return;
        here.searchParams.set('until', slider.value);
        window.history.replaceState(window.history.state, '', here);
      });
      lookBack();
    }

    // A picture that is wider than a phone begins with whom it is about in the middle.
    const frame = net.parentElement;
    const focus = graph.querySelector('.en-focus');
    if (focus && frame.scrollWidth > frame.clientWidth) {
      frame.scrollLeft = focus.at.x / WIDTH * frame.scrollWidth - frame.clientWidth / 2;
    }

    const zoom = graph.querySelector('.en-zoom');
    zoom.hidden = false;
    let size = 1;
    zoom.addEventListener('click', (event) => {
      const way = event.target.closest('[data-zoom]')?.dataset.zoom;
      if (!way) return;
      size = way === 'all' ? 1 : Math.min(6, Math.max(1, size * (way === 'in' ? 1.4 : 1 / 1.4)));
      const about = graph.querySelector('.en-picked') ?? graph.querySelector('.en-focus') ?? nodes[0];
      const [w, h] = [WIDTH / size, HEIGHT / size];
      const x = Math.min(WIDTH - w, Math.max(0, about.at.x - w / 2));
      const y = Math.min(HEIGHT - h, Math.max(0, about.at.y - h / 2));
      net.setAttribute('viewBox', `${x} ${y} ${w} ${h}`);
    });
  });
})();
