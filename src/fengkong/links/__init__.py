"""Who is connected with whom, and how money flows: graphs that forget, read like windows.

What a link feature means, to the last case; `tests/links/naive_links.py` says it in plain Python.

*Links.* A counted event links the entity after ``over`` with each entity after ``by`` that it has.
A link is as old as the newest event that made it: at time t with ``last w`` it is alive if that is
later than t - w; exactly w old is dead. Fields of one kind of entity share their nodes: the account
of one event is the payee_account of another. Who is in `over` is a *member*, what they share is
between them.

*Walking.* From the event's member over live links, nearest first, the newest links of an entity
first. Of the member itself the newest `hub_links` links are followed; any other entity with more
live links than that is a hub: it is reached, but nobody walks through it. A walk reaches no more
than `linked_max` members, itself included; then no more members are added. So the work of an event
is bounded by linked_max * hub_links looks.

- ``component_size()``: members that are reached, itself included.
- ``degree()``: other members that share something with it directly.
- ``hops_to_fraud(field)``: the fewest links to an entity that a confirmed label named in that field
  (without one, in ``over``), 0 for itself, up to 4; missing, or the ``default``, where there is
  none. A mark is alive as long as a link is. Labels are events: they count from when they come.

*Flows.* With ``from payer to payee`` a counted event moves money from one to the other; one side
may be missing (money that comes from or goes to the outside); money to oneself is not counted.

- ``fan_in()``, ``fan_out()``: from how many different entities money came, to how many it went;
  never more than `hub_links`.
- ``cycle_hops()``: the fewest hops, 2 to 4, of a chain of payments that comes back to where it
  began, of which this event is the last hop: each hop came later in the sequence than the one
  before, all in the window, no entity twice. Of payer and payee the newest `hub_links` movements
  are looked at; those between may not be hubs (have more movements in the window). Missing, or the
  ``default``, where there is none.
- ``pass_through_seconds()``: from the last money in before the last money out, to the latter;
  missing, or the ``default``, if that money came in before the window.
- ``passed_share(amount)``: of the newest `hub_links` movements in the window, the share of the
  money in that has gone out after it came; missing, or the ``default``, if none came in.

The current event counts. An entity that is missing in the event makes its feature missing.

*Time.* As in windows: an event counts at its effective time, its own, or if later the newest of the
stream less `late_after`, or the time its entities (those of link features) have reached. Later than
`late_after` it reads and is not counted. Ties are taken in sequence.
"""
