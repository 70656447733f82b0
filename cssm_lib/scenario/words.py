"""What an action of a scenario does and where, in words for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cssm_lib.config import Range

WHERE = {
    "smart_account": "Smart Account {}",
    "virtual_account": "Virtual Account {}",
    "from_virtual_account": "from {}",
    "to_virtual_account": "to {}",
    "pid": "product {}",
    "hostname": "host name {}",
    "serial": "serial {}",
    "agreement": "agreement {}",
    "suite": "suite {}",
    "sku": "SKU {}",
}
DONE = {"retire": "taken off", "leave_out": "left out"}
WHAT = {
    "units": "{} units",
    "license": "licence {}",
    "from_license": "from licence {}",
    "to_license": "to licence {}",
    "silent_days": "silent for {} days or more",
    "share": "use by {}",
    "entitled": "{} units entitled",
    "price": "price {}",
    "per": "per {}",
    "support_price": "price of support {}",
    "list_price": "list price {}",
    "list_date": "list price of {}",
    "discount": "discount {}",
    "renewal_discount": "discount of the renewal {}",
    "renewal_uplift": "uplift of the renewal {}",
    "reading": "reading {}",
    "outside_stock": "stock outside the agreement {}",
    "end": "end {}",
}


def what(action: Any) -> str:
    """What an action changes, but for the place.

    >>> from cssm_lib.scenario.model import Grow
    >>> grown = Grow(do="grow", name="Labs", virtual_account="Labs", share=0.125)
    >>> what(grown), where(grown)
    ('use by +12.5 %', 'Virtual Account Labs')
    """
    done = DONE.get(action.do)
    return ", ".join(filter(None, [done, _words(action, WHAT)]))


def where(action: Any) -> str:
    """The patterns of places, devices and terms that it holds for; empty where it holds for all."""
    return _words(action, WHERE)


def _words(action: Any, forms: Mapping[str, str]) -> str:
    given = {name: getattr(action, name, None) for name in forms}
    said = {name: value for name, value in given.items() if value not in (None, "*")}
    return ", ".join(forms[name].format(_said(name, value)) for name, value in said.items())


def _said(name: str, value: Any) -> str:
    if isinstance(value, Range):
        low, high = _share(value.low), _share(value.high)
        return low if low == high else f"{low} to {high}"
    if name in ("share", "discount"):
        return f"+{_share(value)}" if name == "share" and value > 0 else _share(value)
    if name in ("reading", "outside_stock"):
        return value.replace("_", " ")
    return f"{value:,}" if isinstance(value, int | Decimal) else str(value)


def _share(value: Decimal) -> str:
    return f"{(value * 100).normalize():f} %".replace("-", "−")
