"""Every state with every step: where it leads, or that it is refused."""

import pytest

from fengkong.console.governance.states import (
    EDITABLE,
    RefusedStepError,
    State,
    Step,
    after,
    allowed,
    steps_from,
)

TABLE = """
                draft  checked  backtested  proposed  approved  shadow   canary   live     retired
save            draft  draft    draft       -         -         -        -        -        -
check           checked checked -           -         -         -        -        -        -
backtest        -      backtested backtested -        -         -        -        -        -
propose         -      proposed proposed    -         -         -        -        -        -
return          -      -        -           draft     -         -        -        -        -
approve         -      -        -           approved  -         -        -        -        -
start_shadow    -      -        -           -         shadow    -        -        -        -
start_canary    -      -        -           -         canary    canary   canary   -        -
go_live         -      -        -           -         live      live     live     -        -
stop            -      -        -           -         -         approved approved -        -
replace         -      -        -           -         -         -        -        retired  -
restore         -      -        -           -         live      -        -        -        live
abandon         retired retired retired     -         retired   -        -        -        -
"""


def rows() -> list[tuple[State, Step, State | None]]:
    lines = [line.split() for line in TABLE.strip().splitlines()]
    states = [State(name) for name in lines[0]]
    return [
        (state, Step(line[0]), None if cell == "-" else State(cell))
        for line in lines[1:]
        for state, cell in zip(states, line[1:], strict=True)
    ]


@pytest.mark.parametrize(("state", "step", "target"), rows())
def test_every_step_from_every_state(state: State, step: Step, target: State | None) -> None:
    assert allowed(state, step) == (target is not None)
    if target is None:
        with pytest.raises(RefusedStepError, match=f"the version is {state}"):
            after(state, step)
    else:
        assert after(state, step) is target


def test_the_table_is_whole() -> None:
    assert len(rows()) == len(State) * len(Step)


def test_nobody_gets_past_approval() -> None:
    """From a draft, no way to a running state leads around `approved`."""
    reached, pending = set(), [State.DRAFT]
    while pending:
        state = pending.pop()
        reached.add(state)
        for step in steps_from(state):
            target = after(state, step)
            if target not in reached and step not in (Step.APPROVE, Step.RESTORE):
                pending.append(target)
    assert reached == {*EDITABLE, State.PROPOSED, State.RETIRED}
