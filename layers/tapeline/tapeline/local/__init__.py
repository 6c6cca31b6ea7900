"""What works on this machine alone: the library's Reader, and runs on folders.

``reader`` answers pictures, folders and frames, with ``side_by_side`` for several at once and ``showing`` for
notebooks. ``running`` makes FanOut's, Inference's and Reducer's calls on a table, with ``pictures`` and
``out_folder`` for what is there before and after. ``components`` puts a worker together for both.
"""
