import { useState } from "react";

/** Returns the selected tasks. A task is deselected when the page no longer shows it. */
export const useSelection = (shown: readonly string[]) => {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const ids = new Set(shown.filter((id) => chosen.has(id)));
  return {
    ids,
    size: ids.size,
    isAll: ids.size > 0 && ids.size === shown.length,
    select: (id: string, isSelected: boolean) => {
      const next = new Set(ids);
      if (isSelected) next.add(id);
      else next.delete(id);
      setChosen(next);
    },
    selectAll: (isSelected: boolean) => setChosen(new Set(isSelected ? shown : [])),
    clear: () => setChosen(new Set()),
  };
};
