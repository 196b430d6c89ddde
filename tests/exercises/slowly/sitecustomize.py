"""Python starts with this where its folder is on the path: each learner's file takes its time to get its name."""

import signal
import sys
import time


def _take_time(event: str, arguments: tuple[object, ...]) -> None:
    if event == "os.link" and "/learners/" in str(arguments[1]):
        time.sleep(0.1)


sys.addaudithook(_take_time)
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
