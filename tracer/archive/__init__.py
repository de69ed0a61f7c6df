"""Days that are over: one Parquet file each, made from the store and put back into one."""
