"""`simulate draw` as a registrar types it, and its page."""

import csv
import io
import json
import re
import subprocess
import sys
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from underrecording.cli import draw as cli_draw
from underrecording.cli import main
from underrecording.inspection.draw_numbers import RULES
from underrecording.inspection.public_draw import COLUMNS

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs/records.csv"
PAGE = (ROOT / "docs/drawing.md").read_text("utf-8")
BY = ("--by", "offence")
SEEDED = ("--n", 2, "--public-seed", "04-17-23")


def invoke(*words, records=LIST):
    return CliRunner().invoke(main, ["draw", str(records), *map(str, words)])


def drawn(*words, records=LIST):
    result = invoke(*words, records=records)
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def listed():
    """Rows of the list of the page."""
    return list(csv.DictReader(LIST.read_text("utf-8").splitlines()))


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with the list of the page where the page says it is."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/records.csv").write_bytes(LIST.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What is printed.


def test_the_sample_is_what_hashlib_gives():
    rows = listed()
    ranked = sorted(
        (sha256(f"04-17-23,{row['reference']}".encode()).hexdigest(), row["reference"])
        for row in rows
    )
    sample = drawn("--n", 5, "--reserve", 2, "--public-seed", "04-17-23")
    assert [(row["random_number"], row["id"]) for row in sample] == [
        (number[:16], name) for number, name in ranked[:7]
    ]
    assert [row["order"] for row in sample] == list("1234567")
    assert [row["status"] for row in sample] == ["sample"] * 5 + ["reserve"] * 2
    assert {row["stratum"] for row in sample} == {""}


def test_rows_of_the_list_follow_as_they_were():
    rows = {row["reference"]: row for row in listed()}
    sample = drawn(*BY, *SEEDED)
    assert len(sample) == 6
    for row in sample:
        assert list(row) == [*COLUMNS, *rows[row["id"]]]
        assert rows[row["id"]].items() <= row.items()
        assert row["stratum"] == row["offence"]


def test_the_talk_goes_to_stderr_with_all_that_is_to_be_published():
    result = invoke(*BY, *SEEDED, "--reserve", 1)
    assert result.stdout.splitlines()[0].startswith(",".join(COLUMNS))
    fingerprint = invoke(*BY, "--commit").stdout.strip()
    for words in (
        "20 records by reference, strata by offence", f"Fingerprint: {fingerprint}",
        "Public seed: 04-17-23", "Sample: 6 records", "--check SAMPLE.csv",
    ):  # fmt: skip
        assert words in result.stderr
    assert re.search(r"^robbery +4 +2 +50\.00 +1$", result.stderr, re.MULTILINE)


def test_a_fingerprint_alone_is_that_of_sorted_lines():
    rows = listed()
    names = sorted(f"{row['reference']}\n" for row in rows)
    strata = sorted(f"{row['reference']}\t{row['offence']}\n" for row in rows)
    for words, lines in [((), names), (BY, strata)]:
        result = invoke("--commit", *words)
        assert result.stdout == sha256("".join(lines).encode()).hexdigest() + "\n"
        document = json.loads(invoke("--commit", "--json", *words).stdout)
        assert document == {"fingerprint": result.stdout.strip(), "records": 20}


def test_json_is_one_document_that_says_the_same():
    document = json.loads(invoke(*BY, *SEEDED, "--reserve", 1, "--json").stdout)
    rows = drawn(*BY, *SEEDED, "--reserve", 1)
    for one, row in zip(document["sample"], rows, strict=True):
        assert {name: str(one[name]) for name in COLUMNS} == {name: row[name] for name in COLUMNS}
        assert one["record"].items() <= row.items()
    assert document["fingerprint"] == invoke(*BY, "--commit").stdout.strip()
    assert (document["public_seed"], document["n"], document["reserve"]) == ("04-17-23", 6, 1)
    assert document["strata"][0] == {
        "stratum": "burglary", "frame": 6, "sampled": 2, "fraction": 2 / 6, "reserve": 1,
    }  # fmt: skip


def test_a_file_is_written_whole_with_its_statement_beside(tmp_path):
    out = tmp_path / "new/sample.csv"
    printed = invoke(*BY, *SEEDED)
    written = invoke(*BY, *SEEDED, "--out", out)
    assert written.exit_code == 0, written.output
    assert written.stdout == f"Sample: {out}\nStatement: {out}.txt\n"
    assert out.read_bytes() == printed.stdout_bytes
    assert Path(f"{out}.txt").read_text("utf-8") == printed.stderr == written.stderr
    assert {path.name for path in out.parent.iterdir()} == {"sample.csv", "sample.csv.txt"}


def test_the_order_and_the_encoding_of_the_list_do_not_matter(tmp_path):
    head, *rows = LIST.read_text("utf-8").splitlines()
    other = tmp_path / "other.csv"
    other.write_text("\r\n".join([head, *reversed(rows)]).replace(",", ";"), "utf-16")
    for words in (["--commit"], SEEDED):
        assert invoke(*BY, *words, records=other).stdout == invoke(*BY, *words).stdout


def test_a_guessed_encoding_is_noted(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes("ref,note\nA1,née\n".encode("cp1252"))
    result = invoke("--n", 1, "--public-seed", "5", records=path)
    assert "Windows-1252" in result.stderr
    assert "née" in result.stdout_bytes.decode("utf-8")


def test_blanks_around_the_seed_do_not_count():
    assert drawn("--n", 3, "--public-seed", " 04-17-23\n") == drawn(
        "--n", 3, "--public-seed", "04-17-23"
    )


def test_numbers_by_stratum_are_as_asked():
    def numbers(*words):
        sample = drawn(*BY, "--public-seed", "5", *words)
        return [
            sum(row["stratum"] == name for row in sample)
            for name in ("burglary", "robbery", "violence")
        ]

    assert numbers("--n", 2) == [2, 2, 2]
    assert numbers("--n", 2, "--stratum", "violence=10", "--stratum", "robbery=0") == [2, 0, 10]
    assert numbers("--n", 10, "--allocate", "proportional") == [3, 2, 5]
    assert numbers("--n", 9, "--allocate", "equal") == [3, 3, 3]
    assert numbers("--n", 20, "--allocate", "power") == [6, 4, 10]


def test_the_command_names_every_rule_there_is():
    (option,) = [option for option in cli_draw.command.params if option.name == "rule"]
    assert list(option.type.choices) == list(RULES)


# The check.


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "sample.csv"
    path.write_bytes(invoke(*BY, *SEEDED, "--reserve", 1).stdout_bytes)
    return path


def check(sample, *words):
    return invoke(*BY, *SEEDED, "--reserve", 1, "--check", sample, *words)


def test_a_sample_that_is_the_seeds_ends_with_0(sample):
    result = check(sample)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{sample}: is what the seed gives from this list, 9 records\n"
    document = json.loads(check(sample, "--json").stdout)
    assert document == {"sample": str(sample), "matches": True, "differences": []}


def test_what_auditors_add_and_spreadsheets_sort_is_no_difference(sample):
    head, *rows = sample.read_text("utf-8").splitlines()
    lines = [f"{head},found", *(f"{row},yes" for row in sorted(rows))]
    sample.write_text("\r\n".join(lines).replace(",", ";"), "utf-16")
    result = check(sample)
    assert result.exit_code == 0, result.output


def test_identifiers_alone_are_compared_where_there_is_no_more(sample):
    names = [row["id"] for row in csv.DictReader(sample.read_text("utf-8").splitlines())]
    sample.write_text("\n".join(["reference", *names]), "utf-8")
    result = check(sample)
    assert result.exit_code == 0, result.output
    assert "identifiers alone are compared" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (",reserve,", ",sample,", ["'sample', the seed gives 'reserve'"] * 3),
        ("1,CR/0112/26,", "1,CR/0102/26,", ["'CR/0102/26' was not drawn", "missing: CR/0112/26"]),
        ("1,CR/0112/26,", "2,CR/0112/26,", [":2: CR/0112/26: order: '2', the seed gives '1'"]),
    ],
)
def test_a_sample_that_is_not_ends_with_2_and_names_its_rows(sample, old, new, told):
    sample.write_text(sample.read_text("utf-8").replace(old, new), "utf-8")
    result = check(sample)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert f"{sample}: is not what the seed gives from this list" in result.stderr
    document = json.loads(check(sample, "--json").stdout)
    assert not document["matches"]
    for difference, words in zip(document["differences"], told, strict=True):
        assert words in difference
        assert difference in result.stderr


@pytest.mark.parametrize("words", [["--n", 3], ["--public-seed", "04-17-24"], ["--reserve", 0]])
def test_a_sample_of_other_numbers_or_another_seed_is_told(sample, words):
    assert check(sample, *words).exit_code == 2


def test_a_list_that_was_changed_after_it_was_published_is_refused(tmp_path):
    published = invoke(*BY, "--commit").stdout.strip()
    changed = tmp_path / "list.csv"
    text = LIST.read_text("utf-8")
    changed.write_text(text.replace("26,2026-01-03,violence", "26,2026-01-03,robbery"), "utf-8")
    words = [*BY, *SEEDED, "--fingerprint"]
    assert invoke(*words, published.upper()).exit_code == 0
    result = invoke(*words, published, records=changed)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "not that list" in result.stderr


# What cannot be.


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], ["--n: is missing", "--public-seed: is missing"]),
        (["--n", 2, "--public-seed", "  "], ["--public-seed: is missing"]),
        (["--n", 2, "--public-seed", "a\nb"], ["cannot be seen"]),
        (["--n", 2, "--public-seed", "a\udc80"], ["cannot be seen"]),
        (["--n", 0, "--public-seed", "5"], ["0 is not in the range"]),
        (["--n", "x", "--public-seed", "5"], ["'x' is not a valid integer"]),
        (["--n", 21, "--public-seed", "5"], ["21 records asked for, the list holds 20"]),
        ([*SEEDED, "--stratum", "robbery=2"], ["there are no strata; give their column"]),
        ([*SEEDED, "--allocate", "equal"], ["there are no strata; give their column"]),
        ([*BY, "--n", 7, "--public-seed", "5"], ["'burglary': 7", "--stratum 'robbery=4' or less"]),
        ([*SEEDED, *BY, "--stratum", "robery=2"], ["did you mean 'robbery'?"]),
        ([*SEEDED, *BY, "--stratum", "robbery"], ["'robbery' is not NAME=N"]),
        ([*SEEDED, *BY, "--stratum", "robbery=-1"], ["'robbery=-1' is not NAME=N"]),
        ([*SEEDED, *BY, "--stratum", "robbery=²"], ["'robbery=²' is not NAME=N"]),
        (
            [*SEEDED, *BY, "--stratum", "robbery=1", "--stratum", "robbery=2", "--stratum", "x"],
            ["'robbery' is given twice", "'x' is not NAME=N"],
        ),
        (
            [*SEEDED, *BY, "--stratum", "robbery=1", "--allocate", "equal"],
            ["--allocate and --stratum: both say how many"],
        ),
        ([*BY, "--public-seed", "5", "--allocate", "equal"], ["--n: is missing"]),
        ([*SEEDED, *BY, "--allocate", "equal"], ["--n: 2 records in all", "give 6 to 20"]),
        ([*SEEDED, "--id", "referense"], ["did you mean 'reference'?"]),
        ([*SEEDED, "--id", "offence"], [".csv:4: offence: 'violence' is the identifier of line 3"]),
        ([*SEEDED, "--by", "ofence"], ["did you mean 'offence'?"]),
        (["--commit", *SEEDED], ["goes without --n, --public-seed"]),
        ([*SEEDED, "--check", "none.csv"], ["none.csv: cannot be read"]),
        ([*SEEDED, "--check", "a.csv", "--out", "b.csv"], ["a check writes no sample"]),
        ([*SEEDED, "--out", "."], ["is a folder; give a file"]),
        ([*SEEDED, "--out", "docs/records.csv"], ["would write over the list"]),
        ([*SEEDED, "--out", "docs/records.csv/sample.csv"], ["cannot be written"]),
        ([*SEEDED, "--fingerprint", "abc"], ["not that list"]),
    ],
)
def test_what_cannot_be_is_told_with_status_2_and_nothing_is_written(clone, words, told):
    result = invoke(*words, records="docs/records.csv")
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    for part in told:
        assert part in result.stderr
    assert [path.name for path in clone.rglob("*.*")] == ["records.csv"]
    assert Path("docs/records.csv").read_bytes() == LIST.read_bytes()


def test_a_statement_is_not_written_over_the_list(clone):
    Path("docs/records.csv").rename("sample.csv.txt")
    result = invoke(*SEEDED, "--out", "sample.csv", records="sample.csv.txt")
    assert result.exit_code == 2
    assert "would write over the list" in result.stderr
    assert Path("sample.csv.txt").read_bytes() == LIST.read_bytes()
    assert not Path("sample.csv").exists()


def test_mistakes_of_a_list_end_with_status_2_and_no_traceback(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("ref,x\nA1,\nA1,y\n,z\n")
    result = invoke("--n", 1, "--public-seed", "5", "--by", "x", records=path)
    assert result.exit_code == 2
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == [
        f"{path}:4", f"{path}:3", f"{path}:2",
    ]  # fmt: skip


# In a process of its own, its help and its page.


def test_drawing_needs_no_simulator():
    code = (
        "import sys; from underrecording.cli import main;"
        f"main(['draw', {str(LIST)!r}, '--n', '2', '--public-seed', '5'], standalone_mode=False);"
        "print({'numba', 'pandas', 'scipy', 'pydantic'} & set(sys.modules), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stderr.splitlines()[-1] == "set()"
    assert len(result.stdout.splitlines()) == 3


def test_the_example_of_the_help_runs_and_its_page_is_there(clone):
    text = CliRunner().invoke(main, ["draw", "--help"]).output
    (example,) = re.findall(r"Example: simulate (.+)", text)
    result = CliRunner().invoke(main, example.split())
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 5
    assert "docs/drawing.md" in text


def blocks():
    """Fenced blocks of the page: language and text."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_commands_of_the_page_print_what_the_page_shows(clone):
    texts = blocks()
    commands = [at for at, (_, text) in enumerate(texts) if text.startswith("simulate ")]
    assert len(commands) == 3
    for at in commands:
        result = CliRunner().invoke(main, texts[at][1].split()[1:])
        assert result.exit_code == 0, result.output
        assert result.stderr + result.stdout == texts[at + 1][1]
    shown = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if re.match(r"\| \d \| CR/", line)
    ]
    rows = list(csv.reader(Path("sample.csv").read_text("utf-8").splitlines()))
    assert [row[: len(COLUMNS)] for row in rows[1:]] == shown


def test_the_program_of_the_page_gives_the_same_sample_without_this_package(clone):
    texts = blocks()
    (at,) = [at for at, (language, _) in enumerate(texts) if language == "python"]
    program = texts[at][1]
    assert "underrecording" not in program
    assert len(program.strip().splitlines()) <= 12
    with redirect_stdout(io.StringIO()) as printed:
        exec(program, {})
    assert printed.getvalue() == texts[at + 1][1]
    sample = drawn(*BY, *SEEDED, "--reserve", 1)
    assert printed.getvalue().splitlines()[1:] == [
        f"{row['id']} {row['stratum']} {row['random_number']}" for row in sample
    ]


def test_the_single_hash_of_the_page_is_right():
    (hashed,) = re.findall(r"printf '%s' '(.+?)' \| sha256sum", PAGE)
    assert f"```\n{sha256(hashed.encode()).hexdigest()}\n```" in PAGE


def test_options_of_the_page_are_options(clone):
    shown = re.findall(r"^\|[^|]+\| `(--.+?)` \|$", PAGE, re.MULTILINE)
    assert len(shown) == 7
    for words in shown:
        result = invoke(*words.split(), "--public-seed", "5", records="docs/records.csv")
        # The list of the page is too short for these numbers, and nothing else is wrong.
        for line in result.stderr.splitlines():
            assert re.search("records asked for|records in all", line), line


@pytest.mark.slow
def test_a_million_records_are_drawn(tmp_path):
    path = tmp_path / "list.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("ref,offence,note\n")
        file.writelines(f"CR/{at:07},{'abc'[at % 3]},some words\n" for at in range(1_000_000))
    sample = drawn("--by", "offence", "--n", 300, "--public-seed", "5", records=path)
    ranked = sorted((sha256(f"5,CR/{at:07}".encode()).hexdigest(), at) for at in range(1_000_000))
    of_b = [f"CR/{at:07}" for _, at in ranked if at % 3 == 1][:300]
    assert [row["id"] for row in sample if row["stratum"] == "b"] == of_b
