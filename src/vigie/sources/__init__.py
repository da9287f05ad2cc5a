"""Locations of files that watches look at: local folders, prefixes of object stores, and folders of SFTP servers.

    base        what every source offers
    folder      a local folder
    prefix      a prefix of an object store
    sftp        a folder of an SFTP server; sftp_address, sftp_connection
    open        opens a source by its address, within the locations that are allowed
    patterns    patterns of paths, and names that are never watched
    schedule    when a watch looks

A source is read, and at most receives the predictions of a file beside it: it has no operation that deletes or moves.
"""
