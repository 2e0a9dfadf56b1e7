"""The speeds that the suite has to reach, as ratios of rows that are launched in one run, interleaved."""
