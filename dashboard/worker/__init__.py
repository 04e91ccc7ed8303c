"""The worker (后台进程): a process of its own that runs the jobs at their times. One leads, others wait.

`jobs` says what runs when, `runs` records how each run ended, `lease` lets one worker lead, `heartbeat` shows who is
alive, `process` puts them together around APScheduler, `supervisor` is what `mingcha up` does with its two children.
"""
