"""Writes the README's tree out of the files themselves: `python tests/docs/readme_tree.py`."""

import ast
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
BEGIN, END = "<!-- tree -->\n", "<!-- end of tree -->"
PURPOSES = {
    "Makefile": "the commands",
    "Pulumi.yaml": "the Pulumi project",
    "Pulumi.local.yaml": "settings of stack `local`",
    "Pulumi.dev.yaml": "settings of stack `dev`",
    "pyproject.toml": "what the project needs, and the settings of its tools",
    "requirements.txt": "the locked environment, with hashes",
    "requirements-dev.txt": "the same with the tools of `make test`",
    "docs/": "settings, benchmarks, decisions (`adr/`)",
    "tests/": "mirrors the tree; `contract/`, `architecture/`, `docs/`, `e2e/` cross it",
    ".ci/run": "the one check: `make test`",
}
FOLDERS = ("infra", "app", "training", "monitoring", "benchmarks")


def render():
    """Return the tree as a Markdown code block."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = sorted(name for name in set(listed.stdout.split("\n")) if name.endswith(".py"))
    lines = [("__main__.py", _purpose("__main__.py"))]
    folder = None
    for name in files:
        path = Path(name)
        if not (CHECKOUT / name).exists():
            continue
        if path.parent != folder:
            folder = path.parent
            lines.append((f"{folder}/", _purpose(f"{folder}/__init__.py")))
        if path.name != "__init__.py":
            lines.append((f"  {path.name}", _purpose(name)))
    lines += list(PURPOSES.items())
    width = max(len(name) for name, _ in lines) + 2
    return "\n".join(["```", *(f"{name:<{width}}{what}" for name, what in lines), "```", ""])


def _purpose(name):
    """Return the first line of a module's docstring."""
    text = ast.get_docstring(ast.parse((CHECKOUT / name).read_text())) or ""
    return text.split("\n")[0].rstrip(".")


def main():
    """Rewrite the README's tree."""
    readme = CHECKOUT / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    readme.write_text(before + BEGIN + render() + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
