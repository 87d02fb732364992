import { type ReactNode, useEffect, useId, useRef } from "react";

export interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /**
   * Called when the user presses Escape or clicks outside the dialog. If it is undefined, the user
   * cannot close the dialog.
   */
  readonly onClose?: () => void;
}

/**
 * A modal dialog. The browser keeps the focus inside the dialog, and restores the earlier focus
 * when the dialog closes.
 */
export const Dialog = ({ title, children, onClose }: DialogProps) => {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the dialog itself closes on Escape
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

/** Asks the user to confirm an action. */
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
        Go back
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
