import * as z from "zod";

// Must run before a schema is created: zod would try `new Function`, which the page's Content-Security-Policy blocks.
z.config({ jitless: true });
