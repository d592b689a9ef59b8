"""OpenLineage: what each job has read, run and made, told to systems that draw lineage."""
