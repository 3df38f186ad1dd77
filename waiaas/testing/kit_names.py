"""Promises about names: addresses, assets, networks."""

import pytest

from waiaas.errors import Malformed
from waiaas.testing.bench import Bench


class NamesKit:
    """One account has one text, one asset one id, and other chains' names are refused."""

    def test_an_address_has_one_text(self, bench: Bench) -> None:
        """Parsing an address again changes nothing, and derived addresses are canonical already."""
        for text in (bench.account.address, bench.new_address()):
            once = bench.adapter.parse_address(text)
            assert bench.adapter.parse_address(once.address) == once
        assert bench.adapter.parse_address(bench.account.address).address == bench.account.address

    def test_foreign_addresses_are_refused(self, bench: Bench) -> None:
        """What is no address of this chain is refused with INVALID_ADDRESS."""
        for text in ("", " ", "0", f" {bench.account.address}", f"{bench.account.address}\n", *bench.foreign_addresses):
            with pytest.raises(Malformed) as problem:
                bench.adapter.parse_address(text)
            assert problem.value.code == "INVALID_ADDRESS", text

    def test_a_typing_error_never_gives_the_same_address(self, bench: Bench) -> None:
        """An address with one character changed, or in the other case, is refused or somebody else's."""
        text = bench.account.address
        typos = [("2" if character != "2" else "3", character.swapcase()) for character in text]
        for index, wrong in ((index, wrong) for index, pair in enumerate(typos) for wrong in pair):
            typo = text[:index] + wrong + text[index + 1 :]
            if typo == text:
                continue
            try:
                parsed = bench.adapter.parse_address(typo)
            except Malformed:
                continue
            assert parsed.address != text, f"{typo} is taken for {text}"

    def test_an_asset_has_one_id(self, bench: Bench) -> None:
        """``native`` and the asset's own id name the same asset."""
        assert bench.adapter.parse_asset("native") == bench.native
        assert bench.adapter.parse_asset(bench.native) == bench.native

    def test_assets_of_other_networks_are_refused(self, bench: Bench) -> None:
        """The native asset of every other network of the family, and of another family, is refused."""
        others = [
            one.native.id for one in bench.adapter.networks(bench.adapter.settings) if one.native.id != bench.native
        ]
        for text in (*others, "cosmos:cosmoshub-4/slip44:118", "", "Native", f"{bench.native} "):
            with pytest.raises(Malformed):
                bench.adapter.parse_asset(text)

    def test_networks_are_told_apart(self, bench: Bench) -> None:
        """Names and chain ids of a family's networks are unique, and every native asset is on its own chain."""
        networks = bench.adapter.networks(bench.adapter.settings)
        assert len({one.name for one in networks}) == len({one.chain_id for one in networks}) == len(networks)
        assert all(one.native.id.startswith(one.chain_id + "/") and one.native.native for one in networks)
        assert all(one.fee_max > 0 and one.rpc for one in networks)
