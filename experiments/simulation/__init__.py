"""The suite's communication at more workers than this machine has, under SimGrid's SMPI."""
