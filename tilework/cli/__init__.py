"""The command line: files processed here, images submitted, and all that can be asked of a job and done to it.

Each command has a module of its own that is imported when it is called, so that ``tilework --help`` starts at once and
``tilework process`` never loads anything of AWS. Nothing is imported here: the ranks of a world come by, too. Other
programs are started by name, never imported.
"""
