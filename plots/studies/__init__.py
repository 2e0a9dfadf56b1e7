"""The report's sections of studies (experiments/study.py), a module each.

A module has

    blocks(study, documents, records, stated) -> list[Block]     the section below its heading
    judge(study, documents, records) -> list[Judged]             the claims that it judges, none if there are none

`stated` renders what an experiment said before its runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Protocol, cast

from experiments.definitions import Experiment
from experiments.documents import Documents
from experiments.study import Study
from plots.blocks import Block
from plots.claims import Judged
from plots.records import RecordSet

Stated = Callable[[Experiment], Block]


class Section(Protocol):
    def blocks(self, study: Study, documents: Documents, records: RecordSet, stated: Stated) -> list[Block]: ...
    def judge(self, study: Study, documents: Documents, records: RecordSet) -> list[Judged]: ...


def section_of(study: Study) -> Section:
    return cast(Section, importlib.import_module(f"plots.studies.{study.name}"))
