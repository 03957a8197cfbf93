"""Declared sliding-window features and the one kernel that computes them.

What a feature means, to the last case; `tests/features/naive.py` is the same in plain Python.

*Windows.* Events are taken in the order in which they come. At time t a window ``last w`` holds the
events in (t - w, t]: one exactly w old is out, several at the same instant are taken in their order
and each sees those before it. With ``delayed d`` the window is (t - d - w, t - d]. Without ``last``
it holds everything so far. Several types, a condition and a missing value say which events count;
an event that is not counted still reads.

*Time.* An event counts at its effective time: its own, or if that is later the newest time of the
whole stream less `late_after`, or the time that one of its entities has already reached (the
effective time of the last event with it). So time never runs backwards for anyone. An event older
than the newest by more than `late_after` reads the windows and is not counted in any.

*Forgetting.* An entity is known from the first event that was counted for it. If the newest event
is later than its last one by more than `late_after` and the longest span (``last`` and ``delayed``
together) of all features, it is forgotten, its time too; it has nothing in any window. An entity
with a feature without ``last`` is never forgotten.

*Missing.* If one of the entities after ``over`` is missing the feature is missing; so is a share or
`seen_before` of a missing value. If the window has nothing to say (a mean of nothing, no previous
event) the feature is missing too, unless a ``default`` is declared; a count or a sum of nothing is
0.
Missing values are passed over by count(x), sum, mean, std, min, max and distinct; first, last,
distance and speed look at events that have the value.

*Numbers.* Money, integers and booleans are summed exactly; numbers are rounded to millionths first
and then summed exactly. A sum is refused when the sizes of the values kept of its entity add up to
more than 2.3e18 units, since it might no longer be exact. `std` is that of a sample, missing for
fewer than two. Of equal largest or smallest values it does not matter which. Speed counts at least
one second between two places.
"""
