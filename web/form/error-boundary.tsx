import { Component, type ReactNode } from "react";

/** What stands in a form's place when drawing it fails. */
export interface ErrorBoundaryProps {
  readonly children: ReactNode;
  readonly instead: ReactNode;
}

/** A stranger's schema must not take the page down with it. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? this.props.instead : this.props.children;
  }
}
