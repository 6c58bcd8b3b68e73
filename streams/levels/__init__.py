"""Service levels: the deadlines of field reports and dossiers, how they were kept, and which are running out."""
