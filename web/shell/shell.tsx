import { type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "react-router";
import { Banner } from "./banner.tsx";
import { Masthead } from "./masthead.tsx";
import { TokenPrompt } from "./token-prompt.tsx";

/** The elements that all pages share: the navigation, the banner and the token prompt. */
export const Shell = ({ children }: { readonly children: ReactNode }) => {
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const last = useRef(pathname);
  // Scrolls to the top and moves the focus after a change of the page, so that screen readers start
  // to read the new page.
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [pathname]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to main content
      </a>
      <div className="shell-top">
        <Banner />
        <Masthead />
      </div>
      <main id="main" className="page" ref={main} tabIndex={-1}>
        {children}
      </main>
      <TokenPrompt />
    </div>
  );
};
