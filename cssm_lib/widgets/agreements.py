"""The knobs of prices and terms: what is turned differs from the contract, the rest is as it is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cssm_lib.scenario import Scenario, knobs
from cssm_lib.widgets import fields
from cssm_lib.widgets.session import Session

NO_AGREEMENT = "client.toml has no agreement: there is no price and no term to change."
AS_SIGNED = "as in the contract"
SILENT = "Where a contract says nothing"  # the rule pack's settings, none of the client's own


class Agreements:
    """Knobs for the agreement that is chosen; a knob on the contract's own value says nothing."""

    def __init__(self, session: Session, turn: Any) -> None:
        self._turn = turn
        self._known = {one.name: one for one in session.live.client.config.agreements}
        if not self._known:
            self.parts = [fields.html("no-agreement", f"<p>{NO_AGREEMENT}</p>")]
            return
        published = session.live.client.rules["readings.published"]
        readings = [(SILENT, "contract"), *((one["title"], one["name"]) for one in published)]
        self._agreement = fields.dropdown("Agreement", "terms-agreement", self._known, self._other)
        self._reading = fields.dropdown(
            "Reading", "terms-reading", [(AS_SIGNED, ""), *readings], self._turned("reading")
        )
        self._made()

    def _made(self) -> None:
        turned = self._turned
        self._end = fields.day("Last day of the term", "terms-end", turned("end"))
        self._off = fields.span_slider(
            "Discount at renewal, %", "terms-discount", turned("renewal_discount")
        )
        self._up = fields.span_slider(
            "Uplift at renewal, %", "terms-uplift", turned("renewal_uplift")
        )
        self._line_off = fields.slider(
            "Discount on lines, %", "terms-line-discount", turned("discount")
        )
        self._line = fields.dropdown("Line", "price-line", [""], self._other)
        self._price = fields.text("Price of the line", "price", self._priced, hint=AS_SIGNED)
        line = [self._line, self._price, self._line_off]
        end = fields.dated(self._end)
        self.parts = [self._agreement, self._reading, self._off, self._up, end, *line]

    @property
    def _own(self) -> Any:
        return self._known[self._agreement.value]

    def _said(self, key: str) -> Any:
        """What a knob says; None where it says what the contract does."""
        own = self._own
        match key:
            case "reading":
                return self._reading.value or None
            case "end":
                return _unless(self._end.value, own.end)
            case "renewal_discount":
                return _range(self._off.value, own.discount)
            case "renewal_uplift":
                return _range(self._up.value, own.uplift)
        return _unless(knobs.share(self._line_off.value), _discount(own))

    def _turned(self, key: str) -> Callable[[], None]:
        def turned() -> None:
            knob, value = knobs.terms(self._own.name), self._said(key)
            self._turn("Terms", lambda scenario: knob.turned(scenario, **{key: value}))

        return turned

    def _priced(self) -> None:
        from cssm_lib.widgets.groups import decimal_of

        knob, value = knobs.price(self._own.name, self._line.value), decimal_of(self._price.value)
        self._turn("Terms", lambda scenario: knob.turned(scenario, price=value))

    def _other(self) -> None:
        self._turn("", self.fill)

    def fill(self, scenario: Scenario) -> None:
        """Set the knobs to what the scenario says, else to the contract's own values."""
        if not self._known:
            return
        own, said = self._own, knobs.terms(self._own.name).read(scenario)
        fields.choose(self._reading, said.get("reading", ""))
        self._end.value = said.get("end", own.end)
        _set_range(self._off, said.get("renewal_discount"), own.discount)
        _set_range(self._up, said.get("renewal_uplift"), own.uplift)
        self._line_off.value = round(said.get("discount", _discount(own)) * 100)
        fields.offer(self._line, [line.sku for suite in own.suites for line in suite.lines])
        price = knobs.price(own.name, self._line.value or "").read(scenario).get("price")
        self._price.value = "" if price is None else f"{price:f}"


def _unless(value: Any, signed: Any) -> Any:
    """What differs from the contract."""
    return None if value == signed else value


def _discount(agreement: Any) -> Decimal:
    """The discount that all lines share, else none."""
    found = {line.discount for suite in agreement.suites for line in suite.lines}
    return found.pop() or Decimal(0) if len(found) == 1 else Decimal(0)


def _percents(share: Any) -> tuple[float, float]:
    return (0.0, 0.0) if share is None else (float(share.low * 100), float(share.high * 100))


def _range(value: tuple[float, float], signed: Any) -> dict[str, Decimal] | None:
    if tuple(value) == _percents(signed):
        return None
    return {"low": knobs.share(value[0]), "high": knobs.share(value[1])}


def _set_range(slider: Any, said: Any, signed: Any) -> None:
    low, high = _percents(signed)
    if said is not None:
        low, high = float(said["low"] * 100), float(said["high"] * 100)
    slider.min, slider.max = min(0.0, low), max(100.0, high)
    slider.value = (low, high)
