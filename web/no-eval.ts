import * as z from "zod";

// This module must be imported before a schema is created. Without this setting, zod would try to
// use `new Function`, which the page's Content-Security-Policy blocks.
z.config({ jitless: true });
