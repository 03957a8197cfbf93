// Says on the page that a passkey could not be used; the library says it to the console only.
document.addEventListener("allauth.error", (event) => {
  for (const place of document.querySelectorAll("[data-passkey-fault]")) place.hidden = false;
  event.preventDefault();
});
