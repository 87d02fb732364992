import { QueryClientProvider } from "@tanstack/react-query";
import { BrowserRouter, Route, Routes } from "react-router";
import { PAGE_BASE } from "./api/address.ts";
import { queryClient } from "./api/queries.ts";
import { HealthPage } from "./pages/health/health-page.tsx";
import { JobPage } from "./pages/job/job-page.tsx";
import { JobsPage } from "./pages/jobs/jobs-page.tsx";
import { MissingPage } from "./pages/missing-page.tsx";
import { RoomsPage } from "./pages/rooms/rooms-page.tsx";
import { TaskPage } from "./pages/task/task-page.tsx";
import { TasksPage } from "./pages/tasks/tasks-page.tsx";
import { WorkerPage } from "./pages/workers/worker-page.tsx";
import { WorkersPage } from "./pages/workers/workers-page.tsx";
import { Shell } from "./shell/shell.tsx";

export const App = () => (
  <QueryClientProvider client={queryClient}>
    <BrowserRouter useTransitions={false} {...(PAGE_BASE !== "" && { basename: PAGE_BASE })}>
      <Shell>
        <Routes>
          <Route path="/" element={<RoomsPage />} />
          <Route path="/rooms/:room" element={<JobsPage />} />
          <Route path="/rooms/:room/jobs/:job" element={<JobPage />} />
          <Route path="/rooms/:room/tasks" element={<TasksPage />} />
          <Route path="/rooms/:room/workers" element={<WorkersPage />} />
          <Route path="/rooms/:room/health" element={<HealthPage />} />
          <Route path="/tasks/:task" element={<TaskPage />} />
          <Route path="/workers/:worker" element={<WorkerPage />} />
          <Route path="*" element={<MissingPage />} />
        </Routes>
      </Shell>
    </BrowserRouter>
  </QueryClientProvider>
);
