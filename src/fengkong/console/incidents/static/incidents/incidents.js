/* Counts regulatory clocks down; without it the page shows what was left when it was made. */
(() => {
  "use strict";
  const two = (number) => String(number).padStart(2, "0");
  const shown = (seconds) => {
    const whole = Math.abs(Math.trunc(seconds));
    const days = Math.trunc(whole / 86400);
    const clock = `${two(Math.trunc((whole % 86400) / 3600))}:${two(Math.trunc((whole % 3600) / 60))}:${two(whole % 60)}`;
    return days ? `${days} d ${clock}` : clock;
  };
  Fengkong.when("[data-due]", (element) => {
    const due = Date.parse(element.dataset.due);
    const count = () => {
      if (!element.isConnected) {
        clearInterval(timer);
        return;
      }
      element.textContent = shown((due - Date.now()) / 1000);
    };
    const timer = setInterval(count, 1000);
    count();
  });
})();
