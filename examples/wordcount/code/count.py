"""Map: write, for each first letter, how often each word with it comes in one text."""

import os
import re
from collections import Counter
from pathlib import Path

pfs = Path(os.environ["DATAVC_PFS"])
for text in (pfs / "texts").iterdir():
    words = Counter(re.findall(r"[a-z]+", text.read_text().lower()))
    for word, count in sorted(words.items()):
        # A folder for each letter, and in it a file for each text: no two datums write one path.
        folder = pfs / "out" / word[0]
        folder.mkdir(exist_ok=True)
        with (folder / text.name).open("a") as file:
            file.write(f"{word} {count}\n")
