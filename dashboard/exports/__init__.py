"""Documents (文件), one file per document; `spreadsheet` knows how a table becomes a worksheet that can be signed."""
