import { type ReactNode, useEffect, useId, useRef } from "react";

/** What a dialog shows and does. */
export interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Escape, or a click beside it. Without it the dialog cannot be left. */
  readonly onClose?: () => void;
}

/** A question in front of the page: the browser's own modal dialog, which keeps the focus and gives it back. */
export const Dialog = ({ title, children, onClose }: DialogProps) => {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the dialog's own key for it
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => event.target === ref.current && onClose?.()}
    >
      <div className="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
};

/** A question with one way on and one way back. */
export const Confirm = ({
  title,
  children,
  action,
  isDanger = false,
  isBusy = false,
  isDisabled = false,
  onConfirm,
  onClose,
}: {
  readonly title: string;
  readonly children: ReactNode;
  readonly action: string;
  readonly isDanger?: boolean;
  readonly isBusy?: boolean;
  readonly isDisabled?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}) => (
  <Dialog title={title} onClose={onClose}>
    <div className="stack">{children}</div>
    <div className="dialog-actions">
      <button type="button" className="button" onClick={onClose}>
        Keep as it is
      </button>
      <button
        type="button"
        className={`button ${isDanger ? "button-danger" : "button-primary"}`}
        onClick={onConfirm}
        disabled={isBusy || isDisabled}
      >
        {isBusy ? "…" : action}
      </button>
    </div>
  </Dialog>
);
