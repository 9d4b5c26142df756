// Opens a mail in maildev's web interface with a real browser.
//
//   show.mjs WEB MESSAGE_ID SCREENSHOT
//
// Prints one JSON object: the pictures that the HTML shows, as the browser has
// them; the attachments, as it downloads them; and what it asked of any other
// server. NODE_PATH names the folder of the packages.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { print } from './browser.mjs';

const [web, messageId, screenshot] = process.argv.slice(2);

await print(show);

async function show(page) {
    const elsewhere = [];
    page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(web) && !url.startsWith('data:')) elsewhere.push(url);
    });
    const mail = await findMail(page);
    await page.goto(`${web}#/email/${mail.id}`);
    const subject = await page.getByTestId('email-subject').textContent();
    await page.locator('[data-testid=loading-bar][data-active=false]').waitFor();
    const images = mail.html ? await lookAtImages(page) : [];
    await page.screenshot({ path: screenshot, animations: 'disabled' });
    const attachments = [];
    for (const link of await page.getByTestId('email-attachment').all()) {
        attachments.push(await download(page, link));
    }
    return { subject, images, attachments, elsewhere };
}

async function findMail(page) {
    const answer = await page.request.get(`${web}api/email`);
    const mails = await answer.json();
    const mail = mails.find(({ headers }) => headers['message-id'] === messageId);
    if (!mail) throw new Error(`maildev has no mail ${messageId}`);
    return mail;
}

// The frame is empty at first, and then it is loaded.
async function lookAtImages(page) {
    const html = page.frameLocator('iframe');
    await html.locator('body > *').first().waitFor({ state: 'attached' });
    try {
        return await looked(html);
    } catch (error) {
        if (!error.message.includes('context was destroyed')) throw error;
        return lookAtImages(page);
    }
}

function looked(html) {
    return html.locator('img').evaluateAll((images) =>
        Promise.all(
            images.map(async (image) => {
                // Fails for a picture that cannot be shown.
                await image.decode().catch(() => {});
                const { alt, complete, naturalWidth, naturalHeight } = image;
                return { alt, complete, naturalWidth, naturalHeight };
            }),
        ),
    );
}

// Chromium downloads a link that is clicked with Alt, and does not open it.
async function download(page, link) {
    const started = page.waitForEvent('download');
    await link.click({ modifiers: ['Alt'] });
    const octets = readFileSync(await (await started).path());
    return {
        name: await link.locator('span').first().textContent(),
        size: octets.length,
        sha256: createHash('sha256').update(octets).digest('hex'),
    };
}
