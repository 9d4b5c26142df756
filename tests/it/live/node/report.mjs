// Opens the report of a job with a real browser.
//
//   report.mjs FILE SCREENSHOTS
//
// Prints one JSON object: what the page asked of others, what the browser
// complains of, and what each screen shows. SCREENSHOTS is the beginning of the
// paths of the pictures. NODE_PATH names the folder of the packages.
import { pathToFileURL } from 'node:url';

import { print } from './browser.mjs';

const [file, screenshots] = process.argv.slice(2);

const SCREENS = {
    // What a window shows at first, as in the README.
    top: { width: 1000, media: { colorScheme: 'light', media: 'screen' }, fullPage: false },
    light: { width: 1000, media: { colorScheme: 'light', media: 'screen' } },
    dark: { width: 1000, media: { colorScheme: 'dark', media: 'screen' } },
    narrow: { width: 400, media: { colorScheme: 'light', media: 'screen' } },
    // Paper stays white for those whose screen is dark.
    print: { width: 718, media: { colorScheme: 'dark', media: 'print' } },
};

await print(show);

async function show(page) {
    const [requests, complaints] = [[], []];
    const url = pathToFileURL(file).href;
    page.on('request', (request) => {
        if (request.url() !== url) requests.push(request.url());
    });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    const screens = {};
    for (const [name, { width, media, fullPage = true }] of Object.entries(SCREENS)) {
        await page.setViewportSize({ width, height: 1070 });
        await page.emulateMedia(media);
        screens[name] = await page.evaluate(look);
        await page.screenshot({ path: `${screenshots}-${name}.png`, fullPage });
    }
    return { requests, console: complaints, screens };
}

// Runs in the page.
function look() {
    const root = document.documentElement;
    const shown = [...document.querySelectorAll('svg')].filter(
        (chart) => getComputedStyle(chart).display !== 'none',
    );
    const charts = shown.map((chart) => {
        const { width, height } = chart.getBoundingClientRect();
        const name = document.getElementById(chart.getAttribute('aria-labelledby'));
        return { width, height, name: name?.textContent ?? '' };
    });
    return {
        charts,
        overflow: Math.max(0, root.scrollWidth - root.clientWidth),
        ground: getComputedStyle(root).backgroundColor,
    };
}
