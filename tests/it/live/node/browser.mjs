// A real browser, which sees the loopback interface alone. NODE_PATH names the folder of the packages.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { chromium } = createRequire(import.meta.url)('playwright-core');

// Milliseconds: ten times what a slow machine needs.
const PATIENCE = 60_000;

// Opens a page of a new browser for `look`, and prints what that returns as one JSON object.
export async function print(look) {
    const browser = await chromium.launch({
        executablePath: fileURLToPath(new URL(
            '../../../../target/tools/bin/chromium-headless-shell', import.meta.url,
        )),
        timeout: PATIENCE,
        // No name is looked up and no proxy asked: the loopback interface is all
        // that there is.
        args: [
            '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
            '--disable-dev-shm-usage', '--no-first-run', '--disable-sync',
            '--disable-background-networking', '--disable-component-update',
            '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
            '--no-proxy-server',
        ],
    });
    try {
        const page = await browser.newPage({
            viewport: { width: 1000, height: 680 },
            colorScheme: 'light',
            locale: 'en-GB',
        });
        page.setDefaultTimeout(PATIENCE);
        console.log(JSON.stringify(await look(page), null, 1));
    } finally {
        await browser.close();
    }
}
