import { Link } from "react-router";
import { Empty } from "../design/notice.tsx";
import { paths } from "../shell/paths.ts";
import { useTitle } from "../shell/title.ts";

/** An address that leads nowhere. */
export const MissingPage = () => {
  useTitle("Not found");
  return (
    <>
      <h1>There is nothing at this address</h1>
      <Empty title="It may have been mistyped, or what it named is gone.">
        <Link className="button" to={paths.rooms}>
          All rooms
        </Link>
      </Empty>
    </>
  );
};
