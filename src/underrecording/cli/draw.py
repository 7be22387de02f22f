"""`simulate draw`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from underrecording.cli import shared
from underrecording.errors import UserError

if TYPE_CHECKING:
    from underrecording.inspection.public_draw import Drawn


@click.command("draw")
@click.argument("records", type=click.Path(path_type=Path))
@click.option(
    "--n",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Records to draw; with --by from each stratum, with --allocate in all.",
)
@click.option("--public-seed", metavar="TEXT", help="What nobody knew when the list was fixed.")
@click.option(
    "--id",
    "id_column",
    metavar="COLUMN",
    help="Column of the identifiers, each its own.  [default: the first]",
)
@click.option("--by", "by_column", metavar="COLUMN", help="Column of the strata.")
@click.option(
    "--stratum", "named", multiple=True, metavar="NAME=N", help="N records from this stratum."
)
@click.option(
    "--allocate",
    "rule",
    type=click.Choice(["proportional", "equal", "power"]),
    help="Share --n out over the strata, at least 2 each; power: by the square root of their size.",
)
@click.option(
    "--reserve",
    type=click.IntRange(0, 1_000_000),
    default=0,
    show_default=True,
    metavar="K",
    help="Records of each stratum that stand by, in order, for those that cannot be read.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="File for the sample, in place of stdout."
)
@click.option(
    "--commit", is_flag=True, help="Print the list's fingerprint alone, to be published first."
)
@click.option(
    "--fingerprint", "published", metavar="HEX", help="Refuse a list that is not the published one."
)
@click.option(
    "--check", "sample", type=click.Path(path_type=Path), help="Say if this sample is the seed's."
)
@shared.as_json
def command(
    records: Path,
    n: int | None,
    public_seed: str | None,
    id_column: str | None,
    by_column: str | None,
    named: tuple[str, ...],
    rule: str | None,
    reserve: int,
    out: Path | None,
    commit: bool,
    published: str | None,
    sample: Path | None,
    as_json: bool,
) -> None:
    """Draw a sample from the list RECORDS.csv that anyone can recompute.

    First publish the fingerprint of the list (--commit), N and the event that
    will give the seed, such as a lottery; then draw. The other side types the
    same command with --check SAMPLE.csv, or needs ten lines of Python:
    docs/drawing.md. Enlarging N or the reserve keeps what was drawn.

    Exit status: 0 done, or the sample is the seed's; 2 it is not, with the
    differences, or a mistake that can be mended.

    Example: simulate draw docs/records.csv --n 4 --public-seed 04-17-23
    """
    from underrecording.inspection.draw_numbers import numbers_to_draw, share_out, stratum_sizes
    from underrecording.inspection.public_draw import draw, fingerprint
    from underrecording.inspection.record_list import read_record_list
    from underrecording.inspection.sample_list import sample_csv, sample_records

    asked = {"--n": n, "--public-seed": public_seed, "--stratum": named, "--allocate": rule,
             "--reserve": reserve, "--out": out, "--check": sample}  # fmt: skip
    each = _stratum_numbers(named)
    _refuse_what_does_not_go_together(asked, commit=commit, stratified=by_column is not None)
    listed = read_record_list(records, id_column=id_column, by_column=by_column)
    _say(listed.table.notes)
    found = fingerprint(listed.strata)
    if published is not None and published.strip().lower() != found:
        raise UserError(f"--fingerprint: the fingerprint of {records} is {found}: not that list")
    if commit:
        click.echo(_json(fingerprint=found, records=len(listed.strata)) if as_json else found)
        return

    sizes = stratum_sizes(listed.strata)
    numbers = share_out(sizes, n or 0, rule) if rule else numbers_to_draw(sizes, n, each)
    seed = (public_seed or "").strip()
    drawn = draw(listed.strata, numbers, public_seed=seed, reserve=reserve)
    statement = {
        "records": str(records), "id": listed.id_column, "by": by_column, "fingerprint": found,
        "public_seed": seed, "n": sum(numbers.values()), "reserve": reserve, "allocate": rule,
        "strata": _strata(sizes, numbers, drawn),
    }  # fmt: skip
    told = _told(statement, sizes)
    _say(told)
    if sample is not None:
        _check(sample, listed.id_column, drawn, as_json=as_json)
        return
    text = sample_csv(listed, drawn)
    if out is not None:
        _write(out, records, {"": text, ".txt": "\n".join([*told, ""])})
    if as_json:
        click.echo(_json(**statement, sample=sample_records(listed, drawn)))
    elif out is not None:
        click.echo(f"Sample: {out}")
        click.echo(f"Statement: {out}.txt")
    else:
        # As bytes: a terminal's own encoding would change what is compared.
        click.echo(text.encode(), nl=False)


def _refuse_what_does_not_go_together(
    asked: Mapping[str, Any], *, commit: bool, stratified: bool
) -> None:
    """Check options against each other before anything is read.

    Raises
    ------
    UserError
        With all that is missing or in the way.
    """
    given = [name for name, value in asked.items() if value not in (None, (), 0)]
    if commit:
        if given:
            raise UserError(
                f"--commit: goes without {', '.join(given)}; publish the fingerprint, then draw"
            )
        return
    problems = []
    if "--n" not in given and "--stratum" not in given:
        problems.append("--n: is missing; give the number of records to draw")
    if (seed := asked["--public-seed"]) is None or not seed.strip():
        problems.append("--public-seed: is missing; give what was drawn in public, as published")
    elif not seed.strip().isprintable():
        problems.append(f"--public-seed: {seed!r} holds a character that cannot be seen")
    if not stratified:
        problems += [
            f"{name}: there are no strata; give their column, --by COLUMN"
            for name in ("--stratum", "--allocate")
            if name in given
        ]
    if "--allocate" in given and "--stratum" in given:
        problems.append("--allocate and --stratum: both say how many; give one of them")
    elif "--allocate" in given and "--n" not in given:
        problems.append("--allocate: needs --n, the number of records in all")
    if "--check" in given and "--out" in given:
        problems.append("--check and --out: a check writes no sample; give one of them")
    if problems:
        raise UserError(problems)


def _stratum_numbers(named: Sequence[str]) -> dict[str, int]:
    """Stratum -> records to draw.

    >>> _stratum_numbers(["robbery=20", "theft = other=30"])
    {'robbery': 20, 'theft = other': 30}
    """
    numbers: dict[str, int] = {}
    problems = []
    for text in named:
        name, _, number = (part.strip() for part in text.rpartition("="))
        if not name or not (number.isascii() and number.isdigit() and len(number) < 10):
            problems.append(f"--stratum: '{text}' is not NAME=N with a whole number, as robbery=20")
        elif name in numbers:
            problems.append(f"--stratum: '{name}' is given twice; give it once")
        else:
            numbers[name] = int(number)
    if problems:
        raise UserError(problems)
    return numbers


def _strata(
    sizes: Mapping[str, int], numbers: Mapping[str, int], drawn: Sequence[Drawn]
) -> list[dict[str, Any]]:
    """Frame, sample, sampling fraction and reserve of each stratum."""
    reserve = Counter(one.stratum for one in drawn if one.status == "reserve")
    return [
        {
            "stratum": name, "frame": sizes[name], "sampled": n, "fraction": n / sizes[name],
            "reserve": reserve[name],
        }
        for name, n in numbers.items()
    ]  # fmt: skip


def _told(statement: Mapping[str, Any], sizes: Mapping[str, int]) -> list[str]:
    """What is to be published with the sample, in lines."""
    from underrecording.inspection.draw_numbers import RULES

    by = f", strata by {statement['by']}" if statement["by"] else ""
    rule = statement["allocate"]
    shared_out = f", shared out {RULES[rule]}" if rule else ""
    heads = ["stratum", "records", "sample", "per cent", "reserve"]
    rows = [
        [
            one["stratum"] or "all", f"{one['frame']:,}", f"{one['sampled']:,}",
            f"{100 * one['fraction']:.2f}", f"{one['reserve']:,}",
        ]
        for one in statement["strata"]
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return [
        f"List: {statement['records']}, {sum(sizes.values()):,} records by {statement['id']}{by}",
        f"Fingerprint: {statement['fingerprint']}",
        f"Public seed: {statement['public_seed']}",
        f"Sample: {statement['n']:,} records{shared_out}",
        *(
            "  ".join(
                [row[0].ljust(widths[0])]
                + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            )
            for row in [heads, *rows]
        ),
        "To check: the same command with --check SAMPLE.csv; without this program: docs/drawing.md",
    ]


def _check(path: Path, id_column: str, drawn: Sequence[Drawn], *, as_json: bool) -> None:
    """Say whether the sample at *path* is what was drawn.

    Raises
    ------
    UserError
        With the differences.
    """
    from underrecording.inspection.csv_table import capped
    from underrecording.inspection.public_draw import differences
    from underrecording.inspection.sample_list import read_sample

    given = read_sample(path, id_column=id_column)
    _say(given.notes)
    found = differences(given.rows, drawn)
    if as_json:
        click.echo(_json(sample=str(path), matches=not found, differences=found))
    if found:
        raise UserError([*capped(found), f"{path}: is not what the seed gives from this list"])
    if not as_json:
        click.echo(f"{path}: is what the seed gives from this list, {len(drawn):,} records")


def _write(out: Path, records: Path, texts: Mapping[str, str]) -> None:
    """Write each text to *out* with the ending it is filed under; never over the list."""
    from underrecording.files import write_atomically, writing

    if out.is_dir():
        raise UserError(f"--out {out}: is a folder; give a file")
    paths = {out.with_name(out.name + ending): text for ending, text in texts.items()}
    for path in paths:
        if path.exists() and path.samefile(records):
            raise UserError(f"--out {out}: would write over the list; give another file")
    with writing(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        for path, text in paths.items():
            write_atomically(path, partial(Path.write_bytes, data=text.encode()))


def _json(**document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(line, err=True)
