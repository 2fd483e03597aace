"""Readers: files of any format in, one feedback table out, with everything that was recognised and doubted.

`formats` has the registry; `tabular`, `sheets`, `json_files` and `parquet` read one family each into a raw table;
`texts`, `scores`, `dates` and `columns` find out what its columns are; `answers` makes feedback of it. Nothing here
judges what customers say, and nothing reaches for the network.
"""

from voc.readers import (  # importing them registers their formats
    helpdesks,
    intercom,
    json_files,
    json_turns,
    mail,
    nps_tools,
    parquet,
    reviews,
    sheets,
    slack,
    surveys,
    tabular,
    transcripts,
    turn_tables,
    zendesk,
)
from voc.readers.columns import find_text
from voc.readers.formats import READERS, Head, Reader, reader
from voc.readers.reading import read, read_feedback, read_table
from voc.readers.recognition import Guess, Reading, Recognition

__all__ = [
    "READERS", "Guess", "Head", "Reader", "Reading", "Recognition", "find_text", "helpdesks", "intercom",
    "json_files", "json_turns", "mail", "nps_tools", "parquet", "read", "read_feedback", "read_table", "reader",
    "reviews", "sheets", "slack", "surveys", "tabular", "transcripts", "turn_tables", "zendesk",
]  # fmt: skip
