"""Five hundred texts that try to become something else: markup, scripts, templates, formulas."""

import itertools

_CALL = "alert(1)"
_MARKUP = (
    f"<script>{_CALL}</script>",
    f"<img src=x onerror={_CALL}>",
    f"<svg onload={_CALL}>",
    f"<svg><script>{_CALL}</script></svg>",
    f"<body onload={_CALL}>",
    f"<iframe srcdoc='<script>parent.{_CALL}</script>'></iframe>",
    f"<iframe src=javascript:{_CALL}></iframe>",
    f"<details open ontoggle={_CALL}>",
    f"<input autofocus onfocus={_CALL}>",
    f"<a href=javascript:{_CALL}>x</a>",
    f"<math><mtext><style><img src=x onerror={_CALL}></style></mtext></math>",
    f"<object data=javascript:{_CALL}>",
    f"<embed src=javascript:{_CALL}>",
    f"<form action=javascript:{_CALL}><button>x</button></form>",
    f"<style>@import 'javascript:{_CALL}';</style>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_CALL}'>",
    f"<base href=javascript:{_CALL}//>",
    f"<link rel=stylesheet href=javascript:{_CALL}>",
    f"<table background=javascript:{_CALL}>",
    f"<x onclick={_CALL} tabindex=1 autofocus>",
    f"<video><source onerror={_CALL}></video>",
    f"<marquee onstart={_CALL}>",
    f"<div hx-on:load={_CALL} hx-get=/ hx-trigger=load>",
    f"<div hx-trigger='load[{_CALL}]' hx-get=/>",
    f"<dialog open><script>{_CALL}</script></dialog>",
)
_PLAIN = (
    f"javascript:{_CALL}",
    f"java\tscript:{_CALL}",
    f"data:text/html,<script>{_CALL}</script>",
    "{{ 7 * 7 }}{% now 'Y' %}",
    "{% load fk %}{% icon 'x' %}",
    f"${{{_CALL}}}",
    f"<%= {_CALL} %>",
    f"#{{{_CALL}}}",
    f"=cmd|'/c {_CALL}'!A1",
    '=HYPERLINK("javascript:alert(1)")',
    "%(missing)s %s %n %x",
    "{count} {0} {__class__.__mro__}",
    "../../../../etc/passwd",
    "' OR 1=1 --",
    "'; DROP TABLE operators; --",
    "\u202e)1(trela\u202c",
    "\u200b\u200d\ufeff\u2066",
    "Z\u0351\u0343\u034aA\u0321\u0322\u035eLGO",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\ufffe\uffff\ud7ff",
    "风" * 120,
    "W" * 180,
    "<" * 60,
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
)
_AROUND = (
    ("", ""),
    ('">', ""),
    ("'>", ""),
    ("</title>", ""),
    ("</script>", "<script>"),
    ("</textarea>", "<textarea>"),
    ("-->", "<!--"),
    ("]]>", "<![CDATA["),
    ('" autofocus onfocus=alert(1) x="', ""),
    ("\\';", "//"),
)

HOSTILE = [
    f"{before}{text}{after}"
    for (before, after), text in itertools.product(_AROUND, (*_MARKUP, *_PLAIN))
]
"""All of them; none is meant to do anything but be shown."""
