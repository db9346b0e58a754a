"""The packages: those in ``src``, and the folder ``configs``, which is installed as ``digitsum_cli.configs``."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages("src"), "digitsum_cli.configs"],
    package_dir={"": "src", "digitsum_cli.configs": "configs"},
)
