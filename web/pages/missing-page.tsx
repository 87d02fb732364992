import { Link } from "react-router";
import { Empty } from "../design/notice.tsx";
import { paths } from "../shell/paths.ts";
import { useTitle } from "../shell/title.ts";

export const MissingPage = () => {
  useTitle("Not found");
  return (
    <>
      <h1>Page not found</h1>
      <Empty title="The URL may be mistyped, or the page may have been removed.">
        <Link className="button" to={paths.rooms}>
          All rooms
        </Link>
      </Empty>
    </>
  );
};
