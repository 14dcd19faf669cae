"""How well faults in a label table are found: photos that stand there twice, labels that are wrong."""
