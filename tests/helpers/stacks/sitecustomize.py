"""On the path of the tests' server and its processes: each prints where its threads are, when a signal asks it to."""

import faulthandler
import signal

if hasattr(signal, "SIGUSR1"):  # Windows has none
    faulthandler.register(signal.SIGUSR1, all_threads=True)
