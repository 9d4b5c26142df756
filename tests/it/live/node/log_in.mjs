// Logs a user in with a real browser, at the pages of an authorization server.
//
//   log_in.mjs URL USER SCREENSHOT
//
// Knows the pages of `authorization.mjs` and of our own server for tests. Ends at a page of another
// server, which is the client's, or where a device is connected. Prints one JSON object: the address,
// the title and the text of that page.
import { print } from './browser.mjs';

const [url, user, screenshot] = process.argv.slice(2);
const server = new URL(url).origin;

await print(async (page) => {
    await page.goto(url);
    const button = (name) => page.getByRole('button', { name });
    const ours = button(`Log in as ${user}`);
    const password = page.getByPlaceholder('and password');
    // The user consents, or has compared the code with the device's.
    const goOn = button('Continue');
    const connected = page.getByRole('heading', { name: /device has|Success/ });
    while (new URL(page.url()).origin === server) {
        const next = ours.or(password).or(goOn).or(connected).first();
        await next.waitFor();
        if (await connected.count()) break;
        if (await password.count()) {
            await page.getByPlaceholder('Enter any login').fill(user);
            await password.fill('swordfish');
            await leave(page, button('Sign-in'));
        } else {
            await leave(page, next);
        }
    }
    await page.screenshot({ path: screenshot, animations: 'disabled' });
    return {
        url: page.url(),
        title: await page.title(),
        text: await page.locator('body').innerText(),
    };
});

// Presses a button that leads to another page, and waits for it.
async function leave(page, button) {
    const left = page.waitForNavigation();
    await button.click();
    await left;
}
