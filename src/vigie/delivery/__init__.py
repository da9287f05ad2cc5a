"""Delivery of notices by e-mail and webhook.

    dispatch     takes the next notice of the outbox, and delivers it or plans the next attempt
    texts        words of a notice in the language of its receiver
    mail         an e-mail as plain text and HTML, sent by SMTP
    webhooks     signed calls, as Standard Webhooks (https://www.standardwebhooks.com) defines them
    addresses    network addresses that a webhook may call

A notice is delivered at least once: a process that is killed between sending and recording sends it again, with the same id.
By it a receiver drops the second: the header `webhook-id` of a call, the `Message-ID` of an e-mail.
"""
