"""A run's rows brought together by case: one pass over the parts, in memory that does not grow with them.

The parts are in the order of the input, where the notes of a case may be anywhere. To pick the cases of
each batch out of all parts would read the parts as many times as there are batches.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from dagbog_nlp.batch.folder import RunFolder

_ROWS_AT_ONCE = 100_000
_PACKED = pa.ipc.IpcWriteOptions(compression="zstd")


def rows_by_batch(
    folder: RunFolder,
    rows: Mapping[str, Sequence[tuple[int, int]]],
    columns: Mapping[str, list[str]],
    batches: Sequence[Sequence[str]],
) -> Iterator[dict[str, pd.DataFrame]]:
    """Give the rows of each batch of cases, in the order of the input.

    They wait in files in the run's folder, one for each batch and table, which are removed at the end.

    Parameters
    ----------
    folder
        The run's; all chunks are done.
    rows
        Number and rows of each chunk, by table.
    columns
        Those wanted of each table, ``case_id`` among them.
    batches
        The cases of each batch; rows of other cases are left out. All files are open at the same time,
        so let there be a few hundred batches at most.

    Yields
    ------
    dict of str to pandas.DataFrame
        The rows of one batch, by table.
    """
    batch_of = {case_id: number for number, batch in enumerate(batches) for case_id in batch}
    folder.piles.mkdir(exist_ok=True)
    try:
        for table, wanted in columns.items():
            files = [_file(folder, table, number) for number in range(len(batches))]
            _divide(folder.parts(table, rows[table], wanted), batch_of, files)
        for number in range(len(batches)):
            yield {table: _read(_file(folder, table, number)) for table in columns}
    finally:
        shutil.rmtree(folder.piles, ignore_errors=True)


def _file(folder: RunFolder, table: str, number: int) -> Path:
    return folder.piles / f"{table}-{number}.arrow"


def _divide(parts: Iterator[pa.Table], batch_of: Mapping[str, int], files: Sequence[Path]) -> None:
    with ExitStack() as opened:
        writers: list[pa.RecordBatchStreamWriter] = []
        for some in _together(parts):
            if not writers:
                sinks = [opened.enter_context(pa.OSFile(str(path), "wb")) for path in files]
                streams = [pa.ipc.new_stream(sink, some.schema, options=_PACKED) for sink in sinks]
                writers = [opened.enter_context(stream) for stream in streams]
            batch = some["case_id"].to_pandas().map(batch_of).fillna(-1).to_numpy(dtype=np.int64)
            order = np.argsort(batch, kind="stable")
            ordered = some.take(order)
            bounds = np.searchsorted(batch[order], np.arange(len(files) + 1))
            for writer, start, stop in zip(writers, bounds[:-1], bounds[1:], strict=True):
                if stop > start:
                    writer.write_table(ordered.slice(start, stop - start))


def _together(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Put parts together, so that a file gets few pieces even where each part has rows for it."""
    held: list[pa.Table] = []
    for part in parts:
        held.append(part)
        if sum(map(len, held)) >= _ROWS_AT_ONCE:
            yield pa.concat_tables(held).combine_chunks()
            held = []
    if held:
        yield pa.concat_tables(held).combine_chunks()


def _read(path: Path) -> pd.DataFrame:
    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as stream:
        table: pd.DataFrame = stream.read_pandas()
    path.unlink()
    return table
