"""Print the dependencies of driver and launcher, at the versions that the project asks for."""

import tomllib
from pathlib import Path

NAMES = ("obstore",)


def main() -> None:
    """Print one requirement a line."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for requirement in project["dependencies"]:
        if requirement.startswith(NAMES):
            print(requirement)


if __name__ == "__main__":
    main()
