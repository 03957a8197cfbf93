// What the tests ask a page, put into every page before its own scripts.
window.__look = {
  violations: [],

  expand() {
    for (const one of document.querySelectorAll('details:not([data-menu])')) one.open = true;
  },

  drawn() {
    return [...document.querySelectorAll('[data-chart]')].every((one) => one.dataset.drawn);
  },

  // What makes a page wider than the window, leaving out what scrolls by itself.
  tooWide(width) {
    const over = document.documentElement.scrollWidth - width;
    if (over <= 0) return '';
    const scrolls = (element) => {
      for (let parent = element.parentElement; parent; parent = parent.parentElement) {
        if (getComputedStyle(parent).overflowX !== 'visible') return true;
      }
      return false;
    };
    const wide = [...document.querySelectorAll('body *')]
      .filter((one) => one.getBoundingClientRect().right > width + 1 && !scrolls(one));
    const shown = wide.slice(0, 3).map((one) => one.outerHTML.slice(0, 90)).join(' | ');
    return `${over} px too wide: ${shown}`;
  },
};

document.addEventListener('securitypolicyviolation', (event) => {
  const place = `${event.sourceFile}:${event.lineNumber}`;
  window.__look.violations.push(`${event.violatedDirective} ${event.blockedURI} ${place}`);
});
