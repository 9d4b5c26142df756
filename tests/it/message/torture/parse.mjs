// Prints the facts that an npm package finds in the mails of a directory, by name:
//
//   node parse.mjs mailparser|postal-mime DIRECTORY
//
// NODE_PATH names the folder where the packages are.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const [, , reader, directory] = process.argv;

const LISTS = ['from', 'sender', 'reply-to', 'to', 'cc', 'bcc'];
const IDS = ['in-reply-to', 'references'];
const OWN = /^(?!content-|mime-version$|date$|subject$|message-id$)/;

const octets = content => {
    content = Buffer.from(content);
    return `${content.length} ${createHash('sha256').update(content).digest('hex')}`;
};

// What both readers call alike: {name, address} for a mailbox, {name, group} for a group.
const mailboxes = (facts, field, found) => {
    const groups = found.filter(one => one.group);
    found = found.flatMap(one => one.group ?? [one]);
    if (found.length) {
        facts[field] = found.map(one => one.address);
        facts[`${field} names`] = found.map(one => one.name);
    }
    if (groups.length) facts[`${field} groups`] = groups.map(one => one.name);
};

const own = (facts, name, values, decodeWords) => {
    if (IDS.includes(name)) {
        facts[`ids ${name}`] = values.flatMap(value => value.split(/\s+/))
            .map(id => id.replace(/^<|>$/g, ''));
    } else if (OWN.test(name) && !LISTS.includes(name)) {
        (facts[`field ${name}`] ??= []).push(...values.map(decodeWords));
    }
};

// Both give texts with line ends of their own.
const texts = (facts, mail) => {
    for (const kind of ['text', 'html']) {
        if (mail[kind]) facts[kind] = mail[kind].replaceAll('\r\n', '\n').replaceAll('\n', '\r\n');
    }
};

const set = (facts, name, value) => {
    if (value !== undefined && value !== null && value !== false) facts[name] = value;
};

const file = (facts, number, found) => {
    for (const [name, value] of Object.entries(found)) set(facts, `file ${number} ${name}`, value);
};

const readers = {
    async mailparser(raw) {
        const { simpleParser } = require('mailparser');
        // Texts as they are, and nothing that is made from them.
        const options = { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true };
        const mail = await simpleParser(raw, options);
        const facts = { defects: [] };
        for (const field of LISTS) {
            const found = [mail.headers.get(field) ?? []].flat();
            mailboxes(facts, field, found.flatMap(list => list.value));
        }
        set(facts, 'subject', mail.subject);
        facts.date = mail.date.getTime() / 1000;
        facts['message-id'] = mail.messageId.replace(/^<|>$/g, '');
        // It decodes the fields that it knows, with this.
        const libmime = require('libmime');
        const decode = text => libmime.decodeWords(text);
        for (const [name, value] of mail.headers) {
            if (name !== 'list') own(facts, name, [value].flat(), decode);
        }
        // It takes those of lists apart.
        for (const { key, line } of mail.headerLines.filter(one => one.key.startsWith('list-'))) {
            own(facts, key, [line.slice(key.length + 1).replaceAll('\r\n', '').trim()], decode);
        }
        texts(facts, mail);
        mail.attachments.forEach((one, at) => file(facts, at + 1, {
            type: one.contentType,
            disposition: one.contentDisposition,
            name: one.filename,
            id: one.cid,
            octets: octets(one.content),
        }));
        if (mail.attachments.some(one => one.cid)) {
            const { html } = await simpleParser(raw, { ...options, skipImageLinks: false });
            set(facts, 'linked', (html || '').match(/\bdata:image\/png;base64,/g)?.length);
        }
        return facts;
    },

    async 'postal-mime'(raw) {
        const { parse, decodeWords } = require('postal-mime');
        const mail = await parse(raw);
        const facts = { defects: [] };
        const properties = { from: [mail.from], sender: [mail.sender], 'reply-to': mail.replyTo };
        for (const field of LISTS) {
            mailboxes(facts, field, (properties[field] ?? mail[field] ?? []).filter(one => one));
        }
        set(facts, 'subject', mail.subject);
        facts.date = new Date(mail.date).getTime() / 1000;
        facts['message-id'] = mail.messageId.replace(/^<|>$/g, '');
        for (const { key, value } of mail.headers) own(facts, key, [value], decodeWords);
        texts(facts, mail);
        mail.attachments.forEach((one, at) => file(facts, at + 1, {
            type: one.mimeType,
            disposition: one.disposition,
            name: one.filename,
            id: one.contentId?.replace(/^<|>$/g, ''),
            octets: octets(one.content),
        }));
        return facts;
    },
};

const mails = [];
for (const name of readdirSync(directory).sort()) {
    mails.push(await readers[reader](readFileSync(join(directory, name))));
}
process.stdout.write(JSON.stringify(mails));
