"""What commands print in the documents can be renewed."""

from pathlib import Path

from infra.figures import COMMANDS, DOCUMENTS, renewed

ROOT = Path(__file__).parents[3]


def test_the_output_of_known_commands_is_renewed_and_nothing_else() -> None:
    text = (
        "```console\n$ make run\nold\nolder\n```\n\n```console\n$ aws s3 ls\nkept\n"
        "$ tapeline read examples/a.jpg\nold\n$ tapeline read examples/b.jpg\n```\n\n$ make run\nno block\n"
    )
    called: list[str] = []

    def run(command: str) -> str:
        called.append(command)
        return f"new {len(called)}\n"

    assert renewed(text, run) == (
        "```console\n$ make run\nnew 1\n```\n\n```console\n$ aws s3 ls\nkept\n"
        "$ tapeline read examples/a.jpg\nnew 2\n$ tapeline read examples/b.jpg\n```\n\n$ make run\nno block\n"
    )
    assert called == [COMMANDS["make run\n"], "tapeline read examples/a.jpg\n"]


def test_the_documents_have_commands_to_renew() -> None:
    emptied = [renewed((ROOT / name).read_text(), lambda _: "") for name in DOCUMENTS]
    before = [(ROOT / name).read_text() for name in DOCUMENTS]
    assert sum(map(len, before)) - sum(map(len, emptied)) > 500
