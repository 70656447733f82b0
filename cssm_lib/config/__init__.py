"""`client.toml` and `renewals.toml`: models, checked key by key.

Every fault names the file, the key path (`agreements[0].suites[1].lines[2].price`), what was found
and what to write instead. Nothing is filled in that the file does not say.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from cssm_lib.config.checking import checked
from cssm_lib.config.words import (
    MOST_UNITS,
    Day,
    Days,
    Months,
    Name,
    Number,
    Part,
    Price,
    Share,
    Units,
    flat_rules,
    no_twins,
)


class SmartAccount(Part):
    """A Smart Account as the exports name it, and who holds it."""

    name: Name
    held_by: Literal["customer", "reseller"] = "customer"


class Range(Part):
    """A low and a high share, for scenarios only."""

    low: Number
    high: Number

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        if self.low > self.high:
            raise ValueError(f"low ({self.low}) is above high ({self.high}); swap them")
        return self


class TrueForward(Part):
    """What a contract says otherwise than the rule pack; None: the rule pack's value stands."""

    measure: Literal["as_of", "peak", "average", "billable", "sum_of_negative_accounts"] | None = (
        None
    )
    allowance: Share | None = None
    allowance_from_month: Months | None = None
    charged: Literal["above_entitlement", "above_allowance"] | None = None
    credit: Literal["value_shift", "none"] | None = None
    price_from: Literal["by_commitment", "contract", "list"] | None = None
    ratchet: Literal["to_consumption", "by_charged"] | None = None
    early_events: Literal["none", "growth_caps", "quarterly"] | None = None
    months: Literal["whole", "days"] | None = None
    shift_consumes: StrictBool | None = None
    initial_cap: Share | None = None
    standard_cap: Share | None = None
    last_months: Months | None = None

    def said(self) -> dict[str, Any]:
        """Only the settings that the file gives."""
        return self.model_dump(exclude_none=True)


class Line(Part):
    """A line of a suite: what it counts and what one unit costs."""

    sku: Name
    licenses: tuple[Name, ...] = ()
    tags: tuple[Name, ...] = ()
    metric: Name | None = None
    count: Literal["sum", "devices"] = "sum"
    entitled: Units
    price: Price | None = None
    per: Literal["month", "term", "year"] = "month"
    support_price: Price | None = None
    list_price: Price | None = None
    list_date: Day | None = None
    discount: Annotated[Share, Field(le=1)] | None = None
    quoted_as: tuple[Name, ...] = ()
    support_quoted_as: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _counts_one_thing(self) -> Line:
        if bool(self.licenses or self.tags) == bool(self.metric):
            raise ValueError("give either `licenses` (or `tags`) or `metric`, one of them")
        return self


class Suite(Part):
    """A suite: value shifts between its lines, never beyond it."""

    name: Name
    commitment: Literal["full", "partial"] = "full"
    true_forward: TrueForward = TrueForward()
    lines: tuple[Line, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _skus_differ(self) -> Suite:
        no_twins("sku", [line.sku for line in self.lines])
        return self


class Agreement(Part):
    """An agreement; its end is a renewal."""

    name: Name
    programme: Name | None = None
    start: Day
    end: Day
    notice_days: Days = 45
    smart_accounts: tuple[Name, ...] = ("*",)
    virtual_accounts: tuple[Name, ...] = ("*",)
    outside_stock: Literal["ignored", "offsets"] = "ignored"
    discount: Range | None = None
    uplift: Range | None = None
    true_forward: TrueForward = TrueForward()
    suites: tuple[Suite, ...] = ()

    @model_validator(mode="after")
    def _ends_after_start(self) -> Agreement:
        if self.end < self.start:
            raise ValueError(f"end ({self.end}) is before start ({self.start})")
        no_twins("suite", [suite.name for suite in self.suites])
        return self


class IntendedTier(Part):
    """The tier that devices fitting the patterns are meant to have; the first that fits wins."""

    tier: Name
    smart_account: Name = "*"
    virtual_account: Name = "*"
    pid: Name = "*"
    hostname: Name = "*"


class Exclude(Part):
    """Known project or seasonal use; it splits growth, never what is measured."""

    smart_account: Name = "*"
    virtual_account: Name = "*"
    license: Name = "*"
    from_: Day = Field(alias="from")
    to: Day
    why: Name


class Planned(Part):
    """Units that the client's own project will add to a line, or take off it, from a day on."""

    agreement: Name = "*"
    sku: Name
    units: Annotated[StrictInt, Field(ge=-MOST_UNITS, le=MOST_UNITS)]
    from_: Day = Field(alias="from")
    to: Day | None = None
    why: Name


class SourceHint(Part):
    """What files fitting the pattern cannot say of themselves."""

    path: Name
    smart_account: Name | None = None
    virtual_account: Name | None = None
    snapshot_date: Day | None = None
    synchronised: Day | None = None
    kind: Name | None = None
    encoding: Name | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    sheet: Name | None = None
    date_format: Name | None = None
    columns: dict[Name, Name] = {}


class ClientConfig(Part):
    """All of `client.toml`."""

    client: Name
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = None
    as_of: Day | None = None
    smart_accounts: tuple[SmartAccount, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    rules: Annotated[dict[str, Any], BeforeValidator(flat_rules)] = {}
    intended_tiers: tuple[IntendedTier, ...] = ()
    exclude: tuple[Exclude, ...] = ()
    planned: tuple[Planned, ...] = ()
    sources: tuple[SourceHint, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> ClientConfig:
        no_twins("smart account", [account.name for account in self.smart_accounts])
        no_twins("agreement", [agreement.name for agreement in self.agreements])
        return self


class Renewal(Part):
    """One pack to make."""

    client_dir: Name
    agreement: Name | None = None
    as_of: Day | None = None
    only: tuple[Name, ...] = ()
    scenario: Name | None = None


class RenewalsConfig(Part):
    """All of `renewals.toml`."""

    out: Name = "packs"
    renewals: tuple[Renewal, ...] = Field(min_length=1)


def read_client_config(path: Path) -> ClientConfig:
    """`client.toml` as a checked model; ConfigError names the key path of every fault."""
    return checked(ClientConfig, path)


def read_renewals(path: Path) -> RenewalsConfig:
    """`renewals.toml` as a checked model; ConfigError names the key path of every fault."""
    return checked(RenewalsConfig, path)
