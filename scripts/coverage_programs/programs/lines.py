"""smtplib and ftplib: a mail and a file."""

import ftplib
import smtplib
import sys

with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as smtp:
    print(smtp.sendmail("a@localhost", ["b@localhost"], "Subject: hello\r\n\r\nhello\r\n"))
with ftplib.FTP() as ftp:
    ftp.connect("127.0.0.1", int(sys.argv[2]), timeout=20)
    ftp.login()
    got = []
    ftp.retrbinary("RETR file", got.append)
    print(len(b"".join(got)))
